using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Iommu;

/// <summary>One IOMMU of a machine, or one set of tables where what drives them is not known. Null is a stated absence.</summary>
public sealed record IommuUnit
{
    /// <summary>Whose it is.</summary>
    public required IommuKind Kind { get; init; }

    /// <summary>The kernel's name for it: "dmar0", "ivhd0".</summary>
    public string? Name { get; init; }

    /// <summary>Physical address of its registers.</summary>
    public PhysicalAddress? Registers { get; init; }

    /// <summary>PCI segment that it serves.</summary>
    public ushort Segment { get; init; }

    /// <summary>How it looks up devices.</summary>
    public required IommuMode Mode { get; init; }

    /// <summary>The tables by which it does; null where <see cref="Mode"/> is <see cref="IommuMode.None"/>.</summary>
    public IDeviceTables? Tables { get; init; }

    /// <summary>Every way by which its tables were found, the most trusted first; where there are none, by which it was found itself.</summary>
    public required IReadOnlyList<string> FoundBy { get; init; }

    /// <summary>Whether it translates, by the last command that the kernel gave it (VT-d: GCMD.TE).</summary>
    public bool? Translating { get; init; }

    /// <summary>Whether it remaps interrupts, by the kernel (VT-d: GCMD.IRE).</summary>
    public bool? RemapsInterrupts { get; init; }

    /// <summary>VT-d's capability register, or AMD-Vi's extended features.</summary>
    public ulong? Capabilities { get; init; }

    /// <summary>VT-d's extended capability register.</summary>
    public ulong? ExtendedCapabilities { get; init; }

    /// <summary>VT-d's table of interrupt remapping entries, as the kernel's objects say.</summary>
    public PhysicalAddress? InterruptTable { get; init; }

    /// <summary>The struct intel_iommu or struct amd_iommu.</summary>
    public VirtualAddress? Object { get; init; }

    /// <summary>How many bytes of registers it has; null where nothing tells.</summary>
    public ulong? RegisterBytes { get; init; }

    /// <summary>Where it takes commands and leaves what it reports.</summary>
    public IReadOnlyList<IommuQueue> Queues { get; init; } = [];

    /// <summary>
    /// Whether it translated already when this kernel began, which then took over the tables of the kernel before it (VT-d: VTD_FLAG_TRANS_PRE_ENABLED,
    /// AMD-Vi: AMD_IOMMU_FLAG_TRANS_PRE_ENABLED).
    /// </summary>
    public bool? BeganTranslating { get; init; }

    /// <summary>Devices whose entries are still those of the kernel before (VT-d since 6.1: intel_iommu.copied_tables); null where nothing tells.</summary>
    public IReadOnlySet<RequesterId>? Inherited { get; init; }

    /// <summary>Whether it serves every device of its segment that no other unit claims (DMAR: INCLUDE_PCI_ALL).</summary>
    public bool? ServesTheRest { get; init; }

    /// <summary>Each device, and each PASID of it, that the tables say anything of.</summary>
    public IReadOnlyList<DeviceContext> Contexts { get; init; } = [];

    /// <summary>Whether there are more than could be followed.</summary>
    public bool ContextsCut { get; init; }

    /// <summary>Most levels of any tables behind a device; null where it translates for none.</summary>
    public int? Levels => Contexts.Max(context => context.Space?.Levels);

    /// <summary>
    /// What becomes of a device's requests; null where the unit has no tables that were found. A unit that does not translate lets everything through.
    /// </summary>
    public DeviceContext? ContextOf(RequesterId requester, int? pasid = null) => Translating == false
        ? new(
            requester, pasid, DmaMode.PassThrough, 0, null, AccessRights.Read | AccessRights.Write, Tables?.Root ?? default, [], DeviceTlb: false, null)
        : Tables?.ContextOf(requester, pasid);
}
