using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory.Systems;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Iommu;

/// <summary>The IOMMUs of a machine. Immutable; safe to share between threads.</summary>
/// <param name="Units">Each unit.</param>
/// <param name="Dmar">Intel's description of them by firmware; null where the image has none.</param>
/// <param name="Ivrs">AMD's description of them by firmware; null where the image has none.</param>
/// <param name="Disagreements">Where two ways of finding them do not agree.</param>
/// <param name="ObjectsAbsence">Why the kernel's objects could not be asked; null where they could.</param>
public sealed record IommuReport(
    IReadOnlyList<IommuUnit> Units, DmarTable? Dmar, IvrsTable? Ivrs, IReadOnlyList<string> Disagreements, string? ObjectsAbsence)
{
    /// <summary>Finds them: by the kernel's objects, by firmware's tables, and where nothing leads to their tables, by what tables look like.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="objects">Reads its objects; null where nothing describes its types.</param>
    /// <param name="absence">Why nothing describes the types.</param>
    /// <param name="files">What the machine says of itself; null where nothing is known.</param>
    /// <param name="scan">Whether all of memory is searched for what looks like tables, though everything else tells where they are.</param>
    public static IommuReport Find(LinuxKernel kernel, KernelObjects? objects, string? absence = null, SystemFiles? files = null, bool scan = false) =>
        new IommuDiscovery(kernel, objects, absence, files, scan).Find();

    /// <summary>The unit whose tables speak of a device, and what they say. Where several could, the one whose entry is present.</summary>
    /// <returns>Null where no unit has tables for its segment.</returns>
    public (IommuUnit Unit, DeviceContext Context)? ContextOf(RequesterId requester, int? pasid = null)
    {
        (IommuUnit, DeviceContext)? found = null;
        foreach (IommuUnit unit in Units)
        {
            if (unit.Segment == requester.Segment && unit.ContextOf(requester, pasid) is DeviceContext context)
            {
                if (context.Mode != DmaMode.Blocked)
                {
                    return (unit, context);
                }

                found ??= (unit, context);
            }
        }

        return found;
    }
}
