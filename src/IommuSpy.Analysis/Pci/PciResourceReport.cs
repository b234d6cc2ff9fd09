using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Pci;

namespace IommuSpy.Analysis.Pci;

/// <summary>A range that a PCI function decodes.</summary>
/// <param name="Name">"BAR 0", "ROM", "VF BAR 0", "window 13" of a bridge, "chipset 13".</param>
/// <param name="Start">First physical address, or port.</param>
/// <param name="End">Last physical address, or port.</param>
/// <param name="Space">"memory" or "io".</param>
/// <param name="Prefetchable">Whether reads have no side effects.</param>
/// <param name="Is64Bit">Whether it may stand above 4 GiB.</param>
public sealed record PciResourceReport(string Name, HexValue Start, HexValue End, string Space, bool Prefetchable, bool Is64Bit)
{
    /// <summary>Describes a range.</summary>
    public static PciResourceReport Of(PciResource resource) => new(
        resource.Name,
        new(resource.Start.Value),
        new(resource.Last.Value),
        resource.IsIo ? "io" : "memory",
        resource.IsPrefetchable,
        resource.Is64Bit);
}
