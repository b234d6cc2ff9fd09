using System.Text.Json.Serialization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Pci;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Explain;

/// <summary>What an I/O virtual address of a device is. Null is a stated absence.</summary>
/// <param name="Iova">The address.</param>
/// <param name="Details">What is known of the device.</param>
/// <param name="Pasid">The PASID that was asked for; null for requests without one.</param>
/// <param name="EntryAddress">Where the device's entry stands.</param>
/// <param name="Steps">The entries read, from the top.</param>
/// <param name="Rights">What the device may do: "rw", "r", "w"; null where nothing gets through.</param>
/// <param name="Reason">Why nothing gets through; null where something does.</param>
/// <param name="Physical">What it translates to.</param>
/// <param name="PageSize">Bytes of the page; null where there is none, or no table was walked.</param>
/// <param name="MemoryRange">The run of the image's memory that holds it; null where the image lacks it.</param>
/// <param name="Page">What the page is.</param>
/// <param name="MappedBy">Processes that map it.</param>
/// <param name="Exposure">What else the device can get at there; null where nothing is known to be.</param>
/// <param name="Reach">Every device that reaches the page.</param>
public sealed record IovaExplanation(
    IoVirtualAddress Iova,
    DeviceReport Details,
    int? Pasid,
    PhysicalAddress? EntryAddress,
    IReadOnlyList<IovaStepReport> Steps,
    string? Rights,
    string? Reason,
    PhysicalAddress? Physical,
    ulong? PageSize,
    RangeReport? MemoryRange,
    string? Page,
    IReadOnlyList<UserMapping> MappedBy,
    string? Exposure,
    ReachReport? Reach)
{
    /// <summary>Where the device is: "0000:00:1f.2".</summary>
    [JsonPropertyOrder(-1)]
    public string Device => Details.Device;

    /// <summary>Why the image has no bytes of it, behind "is": "left out of the image when it was made"; null where it has them.</summary>
    public string? ContentAbsence { get; init; }

    /// <summary>What the device's owner has at the address, from its page on; null where nobody gave it anything there.</summary>
    public GivenRangeReport? Given { get; init; }

    /// <summary>Explains an address of a device.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="device">The device.</param>
    /// <param name="address">Its address.</param>
    /// <param name="pasid">For requests with this PASID; null for those without.</param>
    public static IovaExplanation Of(Machine machine, MachineDevice device, IoVirtualAddress address, int? pasid = null)
    {
        DeviceReport report = DeviceReport.Of(device, machine.DeviceReach, PciNames.Installed);
        if (device.Access == DeviceAccess.NoIommu || device.Unit?.ContextOf(device.Requesters[0], pasid) is not DeviceContext context)
        {
            return WithPage(machine, new(address, report, pasid, null, [], "rw", null, new(address.Value), 0, null, null, [], null, null));
        }

        DeviceTranslation translation = context.Translate(address);
        IovaExplanation bare = new(
            address, report, pasid, context.EntryAddress,
            [.. (translation.Walk?.Steps ?? []).Select(step =>
                new IovaStepReport(step.Level, step.Index, step.EntryAddress, new(step.Entry), step.Present ? DeviceRights.Letters(step.OwnRights) : null))],
            translation.Fault == DeviceFault.None ? DeviceRights.Letters(translation.Rights) : null,
            Why(translation), translation.Physical, translation.Physical is null ? null : translation.Walk?.PageSize, null, null, [], null, null)
        {
            Given = pasid is null && device.Owner?.RangeAt(address) is GivenRange range ? GivenRangeReport.Of(device, range.From(address)) : null,
        };
        return WithPage(machine, bare);
    }

    private static IovaExplanation WithPage(Machine machine, IovaExplanation bare)
    {
        if (bare.Physical is not PhysicalAddress physical)
        {
            return bare;
        }

        MachineFacts memory = new(machine);
        PageFacts facts = memory.FactsOf(physical.Frame);
        ReachReport reach = ReachReport.Of(machine, physical);
        string? exposure = null;
        if (facts.Slab is { } slab && bare.PageSize > 0)
        {
            // As often as it is mapped for anybody, but for ranges that are mapped one to one, it holds a buffer.
            int buffers = reach.Devices.Where(way => way.Iova.Value != physical.Value).DistinctBy(way => (way.Domain, way.Iova)).Count();
            SlabNeighbours neighbours = SlabNeighbours.Of(memory, slab, physical.Frame, buffers);
            exposure = neighbours.Count > 0
                ? $"{Amount.Of(neighbours.Count, "object")} that {(neighbours.Count == 1 ? "is" : "are")} not its buffer: {neighbours.Text}" : null;
        }

        return bare with
        {
            MemoryRange = RangeReport.Around(machine.Kernel.Memory, physical),
            Page = facts.IommuTable ?? facts.What,
            MappedBy = facts.Users,
            Exposure = exposure,
            Reach = reach,
            ContentAbsence = reach.ContentAbsence,
        };
    }

    private static string? Why(DeviceTranslation translation) => translation.Fault switch
    {
        DeviceFault.None => null,
        DeviceFault.Blocked or DeviceFault.InvalidContext => translation.Context.Problem ?? "its entry lets nothing through",
        DeviceFault.InterruptAddress => "a write there is an interrupt, and no access to memory",
        DeviceFault.NotPresent => translation.Walk?.Last is { } last ? $"nothing mapped: the level {last.Level} entry is not present" : "nothing mapped",
        DeviceFault.NoPermission => "mapped, but neither reads nor writes get through all levels",
        DeviceFault.ReservedBits =>
            $"reserved bits 0x{translation.Walk?.Last?.ReservedBits:x} are set in the level {translation.Walk?.Last?.Level} entry: the IOMMU faults there",
        DeviceFault.LevelSkipped => "an entry skips levels that the address has bits for",
        DeviceFault.BeyondWidth => "the address has bits above those that its tables translate",
        DeviceFault.NonCanonical => "the address is not canonical",
        DeviceFault.TableOutsideImage => translation.Context.Space!.MissingTable(translation.Walk!),
        _ => "no permission",
    };
}
