using IommuSpy.Linux;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Resources;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Frames;

/// <summary>
/// Which page frames are not memory that the kernel uses: devices' ranges, devices' memory, blocks that are offline, broken pages. Every answer about a
/// page frame asks here first. It costs no more than the few lists that it is made of. Safe to share between threads.
/// </summary>
internal sealed class UnusualFrames
{
    private readonly MemoryPages? _pages;
    private readonly PciInventory? _functions;
    private readonly ResourceTree? _resources;
    private readonly ulong _poisoned;
    private readonly Lazy<LostPages> _lost;

    private UnusualFrames(KernelParts parts)
    {
        _pages = parts.Pages.Value;
        _functions = parts.Pci.Value;
        _resources = parts.Resources.Value;
        _poisoned = _pages?.Flags.Bit("hwpoison") is int bit ? 1UL << bit : 0;
        _lost = new(() => LostPages.Of(parts));
    }

    /// <summary>Gathers what is needed.</summary>
    public static UnusualFrames Of(KernelParts parts) => new(parts);

    /// <summary>What a page frame is; null for memory that the kernel uses, and where that cannot be told.</summary>
    public PageUse? UseOf(PageFrame frame)
    {
        FrameState state = _pages?.StateOf(frame) ?? FrameState.Unknown;
        if (state == FrameState.Managed)
        {
            PageCursor cursor = new(_pages!, stackalloc byte[256]);
            return cursor.MoveTo(frame) && IsPoisoned(cursor.Page) ? new(PageKind.Poisoned, LossOf(frame)) : null;
        }

        return KindOf(frame, state) is PageKind kind ? new(kind, OwnerOf(frame, kind)) : null;
    }

    /// <summary>The kind of a page frame that the kernel does not use as its memory; null for every other.</summary>
    public PageKind? KindOf(PageFrame frame, FrameState state) => state switch
    {
        FrameState.Managed => null,
        FrameState.Offline => PageKind.OfflineBlock,
        FrameState.Device => PageKind.Device,
        _ => _functions?.RangeAt(frame.Address) is not null ? PageKind.PciRange
            : _resources?.Innermost(frame.Address.Value) is { IsMemory: false } ? PageKind.Resource
            : null,
    };

    /// <summary>Whether a page of the kernel's memory is broken.</summary>
    public bool IsPoisoned(in PageRecord page) => (page.Flags & _poisoned) != 0;

    /// <summary>The processes that lost a broken page, by what stands in their page tables in its place.</summary>
    public IReadOnlyList<LostPage> LostBy(PageFrame frame) => _lost.Value.Of(frame);

    /// <summary>Whose such a page frame is, in words; null where nothing tells.</summary>
    public string? OwnerOf(PageFrame frame, PageKind kind) => kind switch
    {
        PageKind.PciRange => RangeText(frame),
        PageKind.Resource => ResourceText(frame),
        PageKind.Poisoned => LossOf(frame),
        PageKind.Device => _pages?.DeviceMemoryOf(frame) is DeviceMemory memory ? MemoryText(memory, RangeText(frame)) : null,
        _ => null,
    };

    private static string MemoryText(DeviceMemory memory, string? range) => range is not null
        ? $"{Words(memory.Kind)} of {range}"
        : $"{Words(memory.Kind)}, 0x{memory.First.Address.Value:x}-0x{memory.Last.Address.Value + PageFrame.Size - 1:x}";

    private string? RangeText(PageFrame frame)
    {
        if (_functions?.RangeAt(frame.Address) is not { } found)
        {
            return null;
        }

        (PciFunction function, PciResource resource) = found;
        string driver = function.Driver is string bound ? $" ({bound})" : "";
        string name = resource.Name;
        return $"{function.Address}{driver} {name}, byte 0x{frame.Address.Value - resource.Start.Value:x} of {Size.Text(resource.Length)}";
    }

    private string? ResourceText(PageFrame frame) => _resources?.Innermost(frame.Address.Value) is KernelResource innermost
        ? $"{string.Join(" > ", _resources.At(innermost.Start).Select(resource => resource.Name ?? "?"))}, 0x{innermost.Start:x}-0x{innermost.Last:x}"
        : null;

    private string? LossOf(PageFrame frame) => LostBy(frame) is { Count: > 0 } lost
        ? $"lost by {string.Join(", ", lost.Select(page => page.Process).Distinct(StringComparer.Ordinal))}"
        : null;

    private static string Words(DeviceMemoryKind kind) => kind switch
    {
        DeviceMemoryKind.FsDax => "persistent memory (fsdax)",
        DeviceMemoryKind.DevDax => "devdax",
        DeviceMemoryKind.PeerToPeer => "for peer-to-peer DMA,",
        DeviceMemoryKind.Private => "private to the device",
        DeviceMemoryKind.Coherent => "coherent",
        _ => "of an unknown kind",
    };
}
