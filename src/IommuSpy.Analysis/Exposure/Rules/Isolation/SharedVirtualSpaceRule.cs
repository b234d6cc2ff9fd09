using System.Globalization;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules.Isolation;

/// <summary>A PASID of a device goes through the page tables of a process (shared virtual addressing).</summary>
internal sealed class SharedVirtualSpaceRule : IExposureRule
{
    // VT-d's PASID table entry: SRE in the third of its quadwords (VT-d specification, 9.6).
    private const int PasidEntryWords = 8;
    private const ulong SupervisorRequests = 1;

    /// <inheritdoc/>
    public string Id => "shared-virtual-space";

    /// <inheritdoc/>
    public string Title => "A device works in the address space of a process";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Note;

    /// <inheritdoc/>
    public string Action =>
        "Meant for accelerators: whoever may open the device's file gives it all of the process's memory, not buffers alone. Supervisor requests are not "
            + "needed for that: find the driver that asked for them.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.Reach.Spaces)
        {
            ReachUser[] users = [.. space.Users.Where(user => user.Context.Pasid is not null)];
            if (users.Length == 0 || scene.Memory.ProcessOf(space.Space.Root) is not string process)
            {
                continue;
            }

            bool asKernel = users.Any(user => MaySendSupervisorRequests(user));
            string kernels = asKernel ? ", and the kernel's in its tables: supervisor requests are let through" : "";
            yield return Findings.Of(
                this, space,
                $"{Findings.Names(space)} can use all addresses of {process}{kernels}",
                [.. users.Select(user => new ExposureEvidence(
                    string.Create(CultureInfo.InvariantCulture, $"entry of PASID {user.Context.Pasid} of {user.Device.Address}, root {space.Space.Root}"),
                    user.Context.EntryAddress))],
                asKernel ? ExposureSeverity.High : Severity);
        }
    }

    private static bool MaySendSupervisorRequests(ReachUser user) =>
        user is { Device.Unit.Kind: IommuKind.VtD, Context.Entry: { Count: PasidEntryWords } entry } && (entry[2] & SupervisorRequests) != 0;
}
