using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// The struct pages of a kernel and what they mean in it. <see cref="PageCursor"/> goes through them. Immutable; safe to share between threads.
/// </summary>
public sealed class MemoryPages
{
    private const string HugetlbDestructor = "HUGETLB_PAGE_DTOR";
    private const string HugetlbFunction = "free_huge_page";

    private MemoryPages(KernelObjects objects)
    {
        Objects = objects;
        Fields = PageFields.Of(objects.Kernel, objects.Types);
        Array = PageArray.Of(objects);
        Flags = PageFlagNames.Of(objects.Types);
        DeviceMemory = Linux.Pages.DeviceMemory.Find(objects, Array);
        Types = PageTypes.Of(objects, Fields, Flags, Array);
        HugetlbDestructorNumber = objects.Types.FindEnumerator(HugetlbDestructor);
        HugetlbDestructorFunction = objects.Variable(HugetlbFunction)
            ?? (objects.Kernel.VmCoreInfo?.TryGetSymbol(HugetlbFunction, out VirtualAddress function) == true ? function : null);
        HasTransparentHugePages = objects.Variable("transparent_hugepage_flags") is not null;
        ZeroPage = Number("zero_pfn", "zero_page_pfn") is ulong frame and > 0 ? new(frame) : Symbol("empty_zero_page");
        HugeZeroPage = FindHugeZeroPage();
        Rules = new(this);
    }

    /// <summary>Where the struct pages are.</summary>
    public PageArray Array { get; }

    /// <summary>The names of their flags.</summary>
    public PageFlagNames Flags { get; }

    /// <summary>The page of zeros that untouched anonymous memory reads; null where this kernel does not tell.</summary>
    public PageFrame? ZeroPage { get; }

    /// <summary>The first page of the huge one; null where there is none.</summary>
    public PageFrame? HugeZeroPage { get; }

    /// <summary>Whether this kernel was built with transparent huge pages.</summary>
    public bool HasTransparentHugePages { get; }

    internal KernelObjects Objects { get; }

    /// <summary>Memory of devices that has struct pages.</summary>
    public IReadOnlyList<DeviceMemory> DeviceMemory { get; }

    internal PageFields Fields { get; }

    internal PageTypes Types { get; }

    internal long? HugetlbDestructorNumber { get; }

    /// <summary>What frees pages of hugetlbfs: the address by which they were known before 4.4.</summary>
    internal VirtualAddress? HugetlbDestructorFunction { get; }

    internal StableFlagRules Rules { get; }

    /// <summary>Finds the struct pages of a kernel.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct page, or where they are is not known.</exception>
    public static MemoryPages Of(KernelObjects objects) => new(objects);

    /// <summary>The type that a page's map count stands for.</summary>
    public PageType TypeOf(in PageRecord page) => Types.Of(page.MapWord);

    /// <summary>What a page frame is before its struct page is asked (mm/memory_hotplug.c, pfn_to_online_page).</summary>
    public FrameState StateOf(PageFrame frame) => Array.SectionOf(frame) is not PageSection section || !section.Has(frame) ? FrameState.Unknown
        : section.Online && !section.IsMixed ? FrameState.Managed
        : DeviceMemoryOf(frame) is not null ? FrameState.Device
        : section.Online ? FrameState.Managed : FrameState.Offline;

    /// <summary>The device's memory that a page frame is of; null for none.</summary>
    public DeviceMemory? DeviceMemoryOf(PageFrame frame)
    {
        foreach (DeviceMemory memory in DeviceMemory)
        {
            if (memory.Contains(frame))
            {
                return memory;
            }
        }

        return null;
    }

    /// <summary>Whether a folio is a slab.</summary>
    public bool IsSlab(in FolioRecord folio) => Rules.IsSlab(folio);

    private PageFrame? FindHugeZeroPage()
    {
        VirtualAddress? pointer = Objects.Variable("huge_zero_folio") is VirtualAddress folio ? Objects.Pointer(folio)
            : Objects.Variable("huge_zero_page") is VirtualAddress page ? Objects.Pointer(page) : null;
        return pointer is VirtualAddress at ? Array.FrameOf(at) : null;
    }

    private ulong? Number(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Objects.Variable(name) is VirtualAddress variable && Objects.Word(variable) is ulong value)
            {
                return value;
            }
        }

        return null;
    }

    private PageFrame? Symbol(string name) =>
        Objects.Kernel.Kallsyms?.Symbols is SymbolTable symbols && symbols.TryFind(name, out Symbol symbol)
            && Objects.Kernel.Space.TryTranslate(symbol.Address, out PhysicalAddress address)
            ? address.Frame
            : null;
}
