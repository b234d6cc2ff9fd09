using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>Page-table entries of processes on x86-64 (arch/x86/include/asm/pgtable_types.h).</summary>
internal sealed class X64UserEntries : UserEntries
{
    // Of present entries: what Linux keeps in the bits that hardware leaves to software.
    private const ulong Special = 1UL << 9;
    private const ulong ProtectedFromWrite = 1UL << 10;
    private const ulong PresentSoftDirty = 1UL << 11;
    private const ulong ProtNone = X64Entry.Global;

    // Of entries that are not: the bits of a present entry that no swap entry uses. Soft-dirty stood in PS up to 4.14 (eee4818baac0).
    private const ulong SwapSoftDirty = X64Entry.Writable;
    private const ulong OldSwapSoftDirty = X64Entry.PageSize;
    private const ulong SwapProtectedFromWrite = X64Entry.UserAccess;

    // A marker's offset (include/linux/swapops.h): PTE_MARKER_UFFD_WP and PTE_MARKER_GUARD.
    private const ulong MarkerProtectedFromWrite = 1 << 0;
    private const ulong MarkerGuard = 1 << 2;

    private readonly X64SwapEntries _swap;
    private readonly ulong _swapSoftDirty;
    private readonly PageFrame? _hugeZero;

    public X64UserEntries(LinuxKernel kernel)
    {
        _swap = X64SwapEntries.Of(kernel);
        _swapSoftDirty = _swap.Layout == SwapLayout.Since48 ? SwapSoftDirty : OldSwapSoftDirty;
        _hugeZero = HugeZeroPage(kernel);
    }

    /// <inheritdoc/>
    public override NonPresentEntry ReadNonPresent(ulong entry, int level) => _swap.Read(entry, level);

    /// <inheritdoc/>
    public override UserEntry Read(ulong entry, int level)
    {
        if (entry == 0)
        {
            return new(false, null, null, null, NonPresentKind.Empty, false, false, false, false);
        }

        // A large page that is being split is not present for a moment, and still the process's: its PS bit tells.
        bool splitting = level > 1 && (entry & X64Entry.PageSize) != 0 && (entry & (X64Entry.Present | ProtNone)) == 0;
        if ((entry & X64Entry.Present) != 0 || splitting)
        {
            PageFrame frame = new PhysicalAddress(X64Format.Target(entry & _swap.EntryMask) & ~X64Format.OffsetMask(entry, level)).Frame;
            return new(true, frame, null, null, null, IsNormal(entry, level, frame), (entry & PresentSoftDirty) != 0, (entry & ProtectedFromWrite) != 0, false);
        }

        NonPresentEntry read = _swap.Read(entry, level);
        if (read.Kind == NonPresentKind.ProtNone)
        {
            return new(true, read.Frame, null, null, read.Kind, IsNormal(entry, level, read.Frame!.Value), (entry & PresentSoftDirty) != 0,
                (entry & ProtectedFromWrite) != 0, false);
        }

        bool marker = read.Kind == NonPresentKind.Marker;
        bool protectedFromWrite = marker ? (read.Offset & MarkerProtectedFromWrite) != 0 : (entry & SwapProtectedFromWrite) != 0;
        return new(
            false, read.Frame, read.Type, read.Frame?.Number ?? read.Offset, read.Kind, read.Frame is not null && read.Kind != NonPresentKind.HardwarePoison,
            (entry & _swapSoftDirty) != 0, protectedFromWrite, marker && (read.Offset & MarkerGuard) != 0);
    }

    private bool IsNormal(ulong entry, int level, PageFrame frame) => level == 1 ? (entry & Special) == 0 : frame != _hugeZero;

    private static PageFrame? HugeZeroPage(LinuxKernel kernel)
    {
        // huge_zero_pfn since 5.9 (3b77e8c8cde5); before, a pointer to the struct page alone.
        if (kernel.Kallsyms?.Symbols is SymbolTable symbols && symbols.TryFind("huge_zero_pfn", out Symbol pfn)
            && kernel.Space.TryRead(pfn.Address, out ulong frame) && frame < 1UL << 40)
        {
            return new(frame);
        }

        return kernel.Kallsyms?.Symbols is SymbolTable named && named.TryFind("huge_zero_page", out Symbol page)
            && kernel.Space.TryRead(page.Address, out ulong structPage)
            && structPage != 0 && kernel.Facts.VmemmapBase is { } vmemmap && kernel.StructPageBytes > 0
            ? new((structPage - vmemmap.Value.Value) / (ulong)kernel.StructPageBytes)
            : null;
    }
}
