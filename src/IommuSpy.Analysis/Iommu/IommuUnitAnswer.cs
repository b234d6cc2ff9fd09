using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu;

/// <summary>One IOMMU, for showing.</summary>
/// <param name="Kind">"VT-d", "AMD-Vi" or "SMMUv3".</param>
/// <param name="Name">The kernel's name for it.</param>
/// <param name="Registers">Physical address of its registers; null where nothing in the image tells.</param>
/// <param name="Segment">PCI segment.</param>
/// <param name="Mode">"legacy", "scalable", "device table", "stream table"; "none" where it has no tables.</param>
/// <param name="Root">Physical address of the root table, device table or stream table.</param>
/// <param name="Levels">Most levels of any tables behind a device.</param>
/// <param name="Translating">Whether the kernel has it translate; null where that stands nowhere.</param>
/// <param name="InterruptRemapping">Whether the kernel has it remap interrupts.</param>
/// <param name="Capabilities">VT-d's capability register, or AMD-Vi's extended features.</param>
/// <param name="ExtendedCapabilities">VT-d's extended capability register.</param>
/// <param name="CapabilityNames">What they say, in the manuals' abbreviations.</param>
/// <param name="InterruptTable">VT-d's table of interrupt remapping entries.</param>
/// <param name="FoundBy">Every way by which it was found.</param>
/// <param name="Devices">What its tables say of each device.</param>
/// <param name="DevicesCut">Whether there are more than could be followed.</param>
public sealed record IommuUnitAnswer(
    string Kind,
    string? Name,
    PhysicalAddress? Registers,
    int Segment,
    string Mode,
    PhysicalAddress? Root,
    int? Levels,
    bool? Translating,
    bool? InterruptRemapping,
    HexValue? Capabilities,
    HexValue? ExtendedCapabilities,
    IReadOnlyList<string> CapabilityNames,
    PhysicalAddress? InterruptTable,
    IReadOnlyList<string> FoundBy,
    IReadOnlyList<DeviceContextAnswer> Devices,
    bool DevicesCut)
{
    /// <summary>The answer of a unit.</summary>
    public static IommuUnitAnswer Of(IommuUnit unit) => new(
        KindText(unit.Kind), unit.Name, unit.Registers, unit.Segment, ModeText(unit.Mode), unit.Tables?.Root, unit.Levels, unit.Translating,
        unit.RemapsInterrupts,
        unit.Capabilities is ulong capabilities ? new(capabilities) : null, unit.ExtendedCapabilities is ulong extended ? new(extended) : null,
        unit.Kind switch
        {
            IommuKind.VtD => VtdCapabilities.Names(unit.Capabilities, unit.ExtendedCapabilities),
            IommuKind.AmdVi => AmdViFeatures.Names(unit.Capabilities),
            _ => [],
        },
        unit.InterruptTable, unit.FoundBy, [.. unit.Contexts.Select(DeviceContextAnswer.Of)], unit.ContextsCut);

    /// <summary>"VT-d", "AMD-Vi" or "SMMUv3".</summary>
    public static string KindText(IommuKind kind) => kind switch
    {
        IommuKind.VtD => "VT-d",
        IommuKind.AmdVi => "AMD-Vi",
        _ => "SMMUv3",
    };

    /// <summary>A mode in words.</summary>
    public static string ModeText(IommuMode mode) => mode switch
    {
        IommuMode.Legacy => "legacy",
        IommuMode.Scalable => "scalable",
        IommuMode.DeviceTable => "device table",
        IommuMode.StreamTable => "stream table",
        _ => "none",
    };
}
