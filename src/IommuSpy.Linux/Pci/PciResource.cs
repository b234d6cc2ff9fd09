using IommuSpy.Memory;

namespace IommuSpy.Linux.Pci;

/// <summary>A range that a function or a bridge decodes: a BAR, its ROM, a BAR of its virtual functions, or a bridge's window (struct resource).</summary>
/// <param name="Index">Its number in pci_dev.resource: 0-5 are the BARs of the header.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Start">First physical address, or I/O port.</param>
/// <param name="Last">Last physical address, or I/O port.</param>
/// <param name="Flags">The kernel's IORESOURCE_* bits (include/linux/ioport.h).</param>
public sealed record PciResource(int Index, PciResourceKind Kind, PhysicalAddress Start, PhysicalAddress Last, ulong Flags)
{
    private const int FirstVirtualFunctionBar = 7;
    private const ulong IoFlag = 0x100;
    private const ulong PrefetchFlag = 0x2000;
    private const ulong Memory64Flag = 0x10_0000;

    /// <summary>"BAR 0", "ROM", "VF BAR 0", "window 13" of a bridge, "chipset 13".</summary>
    public string Name => Kind switch
    {
        PciResourceKind.Bar => $"BAR {Index}",
        PciResourceKind.Rom => "ROM",
        PciResourceKind.VirtualFunctionBar => $"VF BAR {Index - FirstVirtualFunctionBar}",
        PciResourceKind.Chipset => $"chipset {Index}",
        _ => $"window {Index}",
    };

    /// <summary>Whether it is in I/O space rather than memory.</summary>
    public bool IsIo => (Flags & IoFlag) != 0;

    /// <summary>Whether reads have no side effects.</summary>
    public bool IsPrefetchable => (Flags & PrefetchFlag) != 0;

    /// <summary>Whether it may stand above 4 GiB.</summary>
    public bool Is64Bit => (Flags & Memory64Flag) != 0;

    /// <summary>Bytes, or ports.</summary>
    public ulong Length => Last.Value - Start.Value + 1;
}
