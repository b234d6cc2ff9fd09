using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>Goes through struct pages. Going on to the next page frame costs some nanoseconds and allocates nothing; any other is looked up.</summary>
/// <param name="pages">The struct pages.</param>
/// <param name="copy">Used where the image is not mapped; at least one struct page, and better some dozens of KiB.</param>
public ref struct PageCursor(MemoryPages pages, Span<byte> copy)
{
    /// <summary>log2 of the largest free block that any kernel makes, in pages (MAX_ORDER, MAX_PAGE_ORDER): 10 by default.</summary>
    internal const int MaxFreeOrder = 20;

    // 2^18 pages are the 1 GiB of the largest huge page; some more is allowed for.
    private const int MaxOrder = 24;

    private const int Absent = -1;

    private readonly PageFields _fields = pages.Fields;
    private readonly int _bytes = pages.Fields.Bytes;
    private readonly int _flagsAt = pages.Fields.Flags;
    private readonly int _referencesAt = pages.Fields.References ?? Absent;
    private readonly int _mapCountAt = pages.Fields.MapCount ?? pages.Fields.PageType ?? Absent;
    private readonly int _headAt = pages.Fields.CompoundHead ?? pages.Fields.FirstPage ?? Absent;
    private readonly int _mappingAt = pages.Fields.Mapping ?? Absent;
    private readonly int _indexAt = pages.Fields.Index ?? Absent;
    private readonly int _privateAt = pages.Fields.Private ?? Absent;
    private readonly PageTypes _types = pages.Types;
    private readonly PageArray _array = pages.Array;
    private readonly Span<byte> _copy = copy;
    private readonly ulong _headFlag = pages.Flags.Bit("head") is int bit ? 1UL << bit : 0;
    private readonly int? _tailBit = pages.Flags.Bit("tail");
    private ReadOnlySpan<byte> _run;
    private ulong _runFirst;
    private ulong _freeEnd;
    private PageRecord _page;
    private FolioRecord _folio;
    private FolioRecord _compound;
    private bool _hasCompound;
    private bool _hasFolio;
    private bool _moved;

    /// <summary>The struct page that the cursor is at.</summary>
    public readonly PageRecord Page => _page;

    /// <summary>What it says that it is.</summary>
    public readonly PageType Type => _types.Of(_page.MapWord);

    /// <summary>Whether the page is part of a free block of the buddy allocator (mm/page_alloc.c, is_free_buddy_page).</summary>
    public readonly bool IsFree => Type == PageType.Buddy || (_page.References == 0 && _page.Frame.Number < _freeEnd);

    /// <summary>What the page belongs to.</summary>
    public FolioRecord Folio
    {
        get
        {
            if (!_hasFolio)
            {
                _folio = ReadFolio();
                _hasFolio = true;
            }

            return _folio;
        }
    }

    /// <summary>Whether the page is a tail of a compound page, or a struct page that only stands for one (hugetlb vmemmap optimisation).</summary>
    public bool IsTail => Folio.Head.Frame != _page.Frame;

    /// <summary>What /proc/kpageflags says of the page.</summary>
    public StablePageFlags StableFlags => pages.Rules.Flags(_page, Folio, IsFree);

    /// <summary>What /proc/kpageflags says of the first page of what the page belongs to: a large folio is dirty or in use as a whole.</summary>
    public StablePageFlags FolioFlags => pages.Rules.Flags(Folio.Head, Folio, free: false);

    /// <summary>What /proc/kpagecount says of the page: how many page tables map it.</summary>
    public ulong MapCount => pages.Rules.Count(_page, Folio);

    /// <summary>Goes to a page frame.</summary>
    /// <returns>False where it has no struct page, or one that cannot be read.</returns>
    public bool MoveTo(PageFrame frame)
    {
        bool next = _moved && frame.Number == _page.Frame.Number + 1;
        ulong at = (frame.Number - _runFirst) * (ulong)_bytes;
        if (frame.Number < _runFirst || at + (ulong)_bytes > (ulong)_run.Length)
        {
            WorkBudget.OfProcess.GoOn();

            // A run ends with its section. Memory that was never taken into use has struct pages that were never written.
            _run = pages.StateOf(frame) is FrameState.Offline ? default : _array.Run(frame, _copy);
            _runFirst = frame.Number;
            at = 0;
            if (_run.Length < _bytes)
            {
                _run = default;
                _moved = false;
                return false;
            }
        }

        _page = Read(_run.Slice((int)at, _bytes), frame);
        _moved = true;
        _hasFolio = false;
        if (!next)
        {
            _freeEnd = FreeEnd(frame);
        }

        if (Type == PageType.Buddy)
        {
            _freeEnd = Math.Max(_freeEnd, frame.Number + FreePages(frame.Number, _page.Private));
        }

        return true;
    }

    private readonly PageRecord Read(ReadOnlySpan<byte> page, PageFrame frame) => new(
        frame,
        Word(page, _flagsAt),
        (int)Half(page, _referencesAt),
        Half(page, _mapCountAt),
        Word(page, _headAt),
        Word(page, _mappingAt),
        Word(page, _indexAt),
        Word(page, _privateAt));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(ReadOnlySpan<byte> page, int offset) => offset >= 0 ? MemoryMarshal.Read<ulong>(page[offset..]) : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Half(ReadOnlySpan<byte> page, int offset) => offset >= 0 ? MemoryMarshal.Read<uint>(page[offset..]) : 0;

    // A struct page away from the cursor's run.
    private readonly bool TryRead(PageFrame frame, out PageRecord record)
    {
        record = default;
        if (frame.Number >= _runFirst && (frame.Number - _runFirst + 1) * (ulong)_fields.Bytes <= (ulong)_run.Length)
        {
            record = Read(_run.Slice((int)(frame.Number - _runFirst) * _fields.Bytes, _fields.Bytes), frame);
            return true;
        }

        Span<byte> one = stackalloc byte[256];
        ReadOnlySpan<byte> run = _array.Run(frame, one);
        if (run.Length < _fields.Bytes)
        {
            return false;
        }

        record = Read(run[.._fields.Bytes], frame);
        return true;
    }

    private FolioRecord ReadFolio()
    {
        bool flaggedHead = (_page.Flags & _headFlag) != 0;
        bool single = !flaggedHead && (_page.HeadWord & 1) == 0 && _tailBit is null;
        PageFrame head = single ? _page.Frame : HeadOf(_page, flaggedHead);
        if (head == _page.Frame && !flaggedHead)
        {
            return new(_page, false, 0, _types.NamesHugetlb && Type == PageType.Hugetlb, 0, 0, StableFlagRules.IsMapped(_page.MapWord));
        }

        if (_hasCompound && _compound.Head.Frame == head)
        {
            return _compound;
        }

        PageRecord record = _page;
        if (head != _page.Frame && !TryRead(head, out record))
        {
            return new(_page, false, 0, false, 0, 0, StableFlagRules.IsMapped(_page.MapWord));
        }

        _compound = ReadCompound(record);
        _hasCompound = true;
        return _compound;
    }

    // include/linux/page-flags.h, compound_head. What leads nowhere is no head: the page stands for itself.
    private readonly PageFrame HeadOf(in PageRecord page, bool flaggedHead)
    {
        PageFrame? head = null;
        if (_fields.FirstPage is not null)
        {
            head = _tailBit is int bit && ((page.Flags >> bit) & 1) != 0 ? _array.FrameOf(new(page.HeadWord)) : null;
        }
        else if ((page.HeadWord & 1) != 0)
        {
            ulong target = page.HeadWord - 1;
            bool mask = _fields.CompoundHeadIsMask && BitOperations.IsPow2(~target + 1) && ~target < 1UL << (MaxOrder + 8);
            head = _array.FrameOf(new(mask ? (_array.AddressOf(page.Frame)?.Value ?? 0) & target : target));
        }
        else if (flaggedHead && !_fields.CompoundHeadIsMask && (page.Frame.Number * (ulong)_fields.Bytes) % PageFrame.Size == 0
            && _fields.CompoundHead is int at && _array.TryReadWord(page.Frame, _fields.Bytes + at, out ulong second) && (second & 1) != 0)
        {
            // The page of struct pages is the head's own, mapped again in place of those that hold nothing (mm/hugetlb_vmemmap.c): the second one tells.
            head = _array.FrameOf(new(second - 1));
        }

        return head is PageFrame found && found.Number <= page.Frame.Number && page.Frame.Number - found.Number < 1UL << MaxOrder ? found : page.Frame;
    }

    private readonly FolioRecord ReadCompound(in PageRecord head)
    {
        int order = _fields.Order is int at ? (int)Byte(head.Frame, at) : 0;
        order = order <= MaxOrder ? order : 0;
        ulong largeFlags = _array.TryReadWord(head.Frame, _fields.LargeFlags, out ulong word) ? word : 0;
        bool hugetlb = IsHugetlb(head, largeFlags);
        int entire = _fields.EntireMapCount is int count ? (int)Number(head.Frame, count) + 1 : 0;
        return new(head, true, order, hugetlb, entire, largeFlags, IsMapped(head, order, hugetlb, entire));
    }

    private readonly bool IsHugetlb(in PageRecord head, ulong largeFlags)
    {
        if (_types.NamesHugetlb)
        {
            return _types.Is(head.MapWord, PageType.Hugetlb);
        }

        if (pages.Flags.Bit("hugetlb") is int bit)
        {
            return ((largeFlags >> bit) & 1) != 0;
        }

        if (_fields.DestructorFunction is int function)
        {
            return pages.HugetlbDestructorFunction is VirtualAddress its && _array.TryReadWord(head.Frame, function, out ulong word) && word == its.Value;
        }

        return _fields.Destructor is int at && pages.HugetlbDestructorNumber is long number && Byte(head.Frame, at) == (uint)number;
    }

    // folio_mapped (include/linux/mm.h; mm/util.c before 6.2).
    private readonly bool IsMapped(in PageRecord head, int order, bool hugetlb, int entire)
    {
        if (_fields.LargeMapCount is int large)
        {
            return (int)Number(head.Frame, large) >= 0;
        }

        if (entire > 0)
        {
            return true;
        }

        if (hugetlb)
        {
            return false;
        }

        if (_fields.PagesMapped is int mapped)
        {
            return (int)Number(head.Frame, mapped) > 0;
        }

        for (ulong i = 0; i < 1UL << order; i++)
        {
            if (TryRead(new(head.Frame.Number + i), out PageRecord page) && StableFlagRules.IsMapped(page.MapWord))
            {
                return true;
            }
        }

        return false;
    }

    private readonly uint Byte(PageFrame frame, int offset) => Number(frame, offset) & 0xff;

    private readonly uint Number(PageFrame frame, int offset) =>
        _array.TryReadWord(frame, offset & ~7, out ulong word) ? (uint)(word >> (offset % sizeof(ulong) * 8)) : 0;

    // The end of the free block that a page frame is in the middle of; 0 where it is in none.
    private readonly ulong FreeEnd(PageFrame frame)
    {
        ulong end = 0;
        for (int order = 1; order <= MaxFreeOrder; order++)
        {
            ulong first = frame.Number & ~((1UL << order) - 1);
            if (first != frame.Number && TryRead(new(first), out PageRecord head) && _types.Of(head.MapWord) == PageType.Buddy)
            {
                end = Math.Max(end, first + FreePages(first, head.Private));
            }
        }

        return end;
    }

    // A block of an order that is no order, or that is not aligned to it, reaches as far as it can.
    private static ulong FreePages(ulong first, ulong order) =>
        order > MaxFreeOrder ? 1 : 1UL << Math.Min((int)order, first == 0 ? MaxFreeOrder : BitOperations.TrailingZeroCount(first));
}
