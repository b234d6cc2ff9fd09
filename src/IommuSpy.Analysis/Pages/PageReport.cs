using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>What the kernel knows of one page of physical memory. Null is a stated absence.</summary>
/// <param name="Pfn">The page frame.</param>
/// <param name="Physical">Its first byte.</param>
/// <param name="StructPage">Where its struct page is; null where it has none.</param>
/// <param name="Flags">The flags that are set, by this kernel's own names without PG_.</param>
/// <param name="FlagsWord">The whole word, zone and node included.</param>
/// <param name="KernelPageFlags">What /proc/kpageflags says of it.</param>
/// <param name="References">Its reference count; of a tail, the tail's own.</param>
/// <param name="Mappings">How many page tables map it: /proc/kpagecount.</param>
/// <param name="Kind">What it is used for.</param>
/// <param name="Owner">Whose it is, in words: a slab cache, a file and where in it, processes.</param>
/// <param name="Zone">The zone that it is in.</param>
/// <param name="Node">The node of that zone.</param>
/// <param name="Head">Of a part of a compound page, the page frame that it begins at.</param>
/// <param name="Pages">How many page frames that has; 1 for a single page.</param>
/// <param name="File">Of the page cache, the file.</param>
/// <param name="FileOffset">Where in the file, in bytes.</param>
/// <param name="SwapType">Of the swap cache, which device.</param>
/// <param name="SwapOffset">Which page of it.</param>
/// <param name="SwapDevice">That device's name.</param>
/// <param name="Slab">Of a slab, its cache and objects.</param>
/// <param name="LostBy">Of a poisoned page, the processes that lost it, and where.</param>
public sealed record PageReport(
    PageFrame Pfn,
    PhysicalAddress Physical,
    VirtualAddress? StructPage,
    IReadOnlyList<string> Flags,
    HexValue? FlagsWord,
    HexValue? KernelPageFlags,
    int? References,
    ulong? Mappings,
    PageKind Kind,
    string? Owner,
    string? Zone,
    int? Node,
    PageFrame? Head,
    ulong Pages,
    PageFile? File,
    HexValue? FileOffset,
    int? SwapType,
    ulong? SwapOffset,
    string? SwapDevice,
    SlabReport? Slab,
    IReadOnlyList<LostPage> LostBy)
{
    /// <summary>The name that was asked for, where it is one of several: "runqueues:1" of a per-CPU symbol; null otherwise.</summary>
    public string? Name { get; init; }

    /// <summary>What the page is to virtual machines of this one; empty for what is none's memory. Of the page of zeros the first of many.</summary>
    public IReadOnlyList<GuestPageReport> Guests { get; init; } = [];

    /// <summary>The table of a virtual machine's guest-physical addresses that lives in it; null where none does.</summary>
    public NestedTableReport? NestedTable { get; init; }

    // Of a swap entry, the type is above the offset (include/linux/swapops.h, SWP_TYPE_SHIFT): five bits below the radix tree's two.
    private const int SwapTypeShift = 58;

    /// <summary>Why the image has no bytes of it, behind "is": "left out of the image when it was made"; null where it has them.</summary>
    public string? ContentAbsence { get; init; }

    /// <summary>Asks a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="frame">The page frame.</param>
    /// <exception cref="MissingTypeException">Nothing describes struct page.</exception>
    public static PageReport Of(Machine machine, PageFrame frame)
    {
        string? absence = machine.Kernel.Memory.AbsenceOf(frame.Address);
        if (machine.Parts.Pages.Value is null && machine.UnusualFrames.UseOf(frame) is PageUse known)
        {
            return WithoutStructPage(known, null);
        }

        PageCursor cursor = new(machine.Parts.Pages.Required, stackalloc byte[256]);
        PageUse use = machine.PageKinds.Required.UseOf(frame);
        PageKind kind = use.Kind;
        if (kind is PageKind.None or PageKind.PciRange or PageKind.Resource or PageKind.OfflineBlock or PageKind.Device || !cursor.MoveTo(frame))
        {
            return WithoutStructPage(use, kind is PageKind.OfflineBlock or PageKind.Device ? machine.Parts.Pages.Required.Array.AddressOf(frame) : null);
        }

        PageReport WithoutStructPage(PageUse use, VirtualAddress? structPage) => new(
            frame, frame.Address, structPage, [], null, structPage is null ? null : new((ulong)StablePageFlags.Nopage), null, null, use.Kind, use.Owner,
            null, null, null, 1, null, null, null, null, null, null, [])
        {
            ContentAbsence = absence,
        };

        PageRecord page = cursor.Page;
        FolioRecord folio = cursor.Folio;
        MemoryZone? zone = machine.Parts.Zones.Value?.ZoneOf(frame);
        bool isFile = kind == PageKind.File || (kind == PageKind.Hugetlb && folio.Head.Mapping != 0 && (folio.Head.Mapping & 3) == 0);
        PageFile? file = isFile ? machine.Parts.PageFiles.Required.Of(new(folio.Head.Mapping)) : null;
        ulong? swap = cursor.StableFlags.HasFlag(StablePageFlags.Swapcache) ? folio.Head.Private + (frame.Number - folio.Head.Frame.Number) : null;
        int? swapType = swap is ulong entry ? (int)(entry >> SwapTypeShift) : null;
        SlabPages? slab = kind == PageKind.Slab ? machine.Parts.Slabs.Value?.SlabOf(frame) : null;
        return new(
            frame,
            frame.Address,
            machine.Parts.Pages.Required.Array.AddressOf(frame),
            machine.Parts.Pages.Required.Flags.Of(page.Flags),
            new(page.Flags),
            new((ulong)cursor.StableFlags),
            page.References,
            cursor.MapCount,
            kind,
            use.Owner,
            zone?.Name,
            zone?.Node,
            folio.IsCompound ? folio.Head.Frame : null,
            folio.IsCompound ? 1UL << folio.Order : 1,
            file,
            file is not null && PageOwners.OffsetInFile(page, folio, file) is ulong offset ? new HexValue(offset) : null,
            swapType,
            swap & ((1UL << SwapTypeShift) - 1),
            swapType is int type ? machine.Parts.SwapDevices.Required.FirstOrDefault(device => device.Type == type)?.Name : null,
            slab is null ? null : SlabReport.Of(slab, frame),
            kind == PageKind.Poisoned ? machine.UnusualFrames.LostBy(frame) : [])
        {
            ContentAbsence = absence,
            Guests = GuestPageReport.Of(machine, frame.Address),
            NestedTable = NestedTableReport.In(machine, frame),
        };
    }
}
