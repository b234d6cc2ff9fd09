using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>Page-table entries of processes on arm64 (arch/arm64/include/asm/pgtable-prot.h, pgtable.h).</summary>
internal sealed class Arm64UserEntries : UserEntries
{
    // PTE_SPECIAL: no struct page counts this mapping.
    private const ulong Special = 1UL << 56;

    private const int FrameBits = 52 - 12;
    private readonly Arm64SwapLayout _layout;
    private readonly TableFormat _format;
    private readonly SwapTypes _types;
    private readonly PageFrame? _hugeZero;

    public Arm64UserEntries(LinuxKernel kernel)
        : this(Arm64SwapLayout.Of(kernel), kernel.Mode.Format, SwapTypes.Of(kernel.Kallsyms?.Symbols), HugeZeroPage(kernel))
    {
    }

    internal Arm64UserEntries(Arm64SwapLayout layout, TableFormat format, SwapTypes types, PageFrame? hugeZero)
    {
        _layout = layout;
        _format = format;
        _types = types;
        _hugeZero = hugeZero;
    }

    /// <inheritdoc/>
    public override NonPresentEntry ReadNonPresent(ulong entry, int level)
    {
        if (entry == 0)
        {
            return NonPresentEntry.Empty;
        }

        if ((entry & (_layout.Withheld | (level > 1 ? _layout.Splitting : 0))) != 0)
        {
            PageFrame frame = _format.Page(entry, level).Frame;
            return NonPresentEntry.Withheld(frame, $"PROT_NONE: no access, the page is still in memory, pfn {frame}");
        }

        return NonPresentEntry.Swap(_layout.Type(entry), _layout.Offset(entry), _types, FrameBits, "");
    }

    /// <inheritdoc/>
    /// <remarks>arm64 keeps no soft-dirty marks.</remarks>
    public override UserEntry Read(ulong entry, int level)
    {
        if ((entry & Arm64Descriptor.Valid) != 0)
        {
            PageFrame frame = _format.Page(entry, level).Frame;
            return new(true, frame, null, null, null, IsNormal(entry, level, frame), false, false, false);
        }

        NonPresentEntry read = ReadNonPresent(entry, level);
        return read.Kind switch
        {
            NonPresentKind.Empty => new(false, null, null, null, NonPresentKind.Empty, false, false, false, false),
            NonPresentKind.ProtNone =>
                new(true, read.Frame, null, null, read.Kind, IsNormal(entry, level, read.Frame!.Value), false, false, false),
            _ => new(
                false, read.Frame, read.Type, read.Frame?.Number ?? read.Offset, read.Kind,
                read.Frame is not null && read.Kind != NonPresentKind.HardwarePoison, false, false, false),
        };
    }

    private bool IsNormal(ulong entry, int level, PageFrame frame) => level == 1 ? (entry & Special) == 0 : frame != _hugeZero;

    private static PageFrame? HugeZeroPage(LinuxKernel kernel) =>
        kernel.Kallsyms?.Symbols is { } symbols && symbols.TryFind("huge_zero_pfn", out Kallsyms.Symbol pfn)
            && kernel.Space.TryRead(pfn.Address, out ulong frame) && frame < 1UL << FrameBits ? new(frame) : null;
}
