using System.Text.Json.Serialization;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>What an address is. Null is a stated absence.</summary>
/// <param name="Address">The address asked for; of a physical one, in the direct map, where there is one.</param>
/// <param name="Kind">Which kind: "kernel logical address".</param>
/// <param name="Region">The region of the kernel's map; null for a physical address.</param>
/// <param name="Symbol">The symbol at or before it, with the distance: "init_task+0x40"; null where none reaches.</param>
/// <param name="SymbolType">nm's letter of that symbol.</param>
/// <param name="Pid">Of a user address that was asked for in one process, the process; null where whose the tables are is not known.</param>
/// <param name="Comm">That process's name.</param>
/// <param name="Vma">The run of that process's addresses that holds it, alike in rights and file; null where none does, or its areas cannot be read.</param>
/// <param name="Content">What the address holds, as far as its region tells: "struct page of pfn 0x1234, 8 bytes into it"; null where it does not.</param>
/// <param name="Walk">The way through the page tables; null for a physical address.</param>
/// <param name="Arithmetic">The sum that leads to the same physical address without tables; null where there is none.</param>
/// <param name="Physical">The physical address; null where it has none.</param>
/// <param name="Pfn">Its page frame.</param>
/// <param name="MemoryRange">The run of the image's memory that holds it; null where the image lacks it.</param>
/// <param name="Page">
/// What the kernel keeps of the page in its struct page, or, of a poison entry, of the page that broke; null where <paramref name="PageAbsence"/> says why, and
/// without a physical address.
/// </param>
/// <param name="PageAbsence">Why there is nothing of a struct page; null where there is.</param>
/// <param name="AlsoAt">Every other kernel address of the same physical page, of thousands the lowest 1024, and where its struct page is.</param>
/// <param name="MappedBy">Every process's user address of the same physical page, by the process's top table. Of a user address, its own space is left
/// out.</param>
/// <param name="Reach">Every device that can get at the physical page; null where there is none.</param>
/// <param name="Spaces">For a user address without a root: what it is in each process's space that maps it, or holds something there.</param>
/// <param name="SpacesAsked">How many processes' spaces were asked; null where the kernel's list of them could not be read.</param>
public sealed record Explanation(
    [property: JsonIgnore] HexValue Address,
    string Kind,
    RegionOffset? Region,
    string? Symbol,
    char? SymbolType,
    int? Pid,
    string? Comm,
    VmaReport? Vma,
    string? Content,
    TranslationReport? Walk,
    string? Arithmetic,
    PhysicalAddress? Physical,
    PageFrame? Pfn,
    Wording.RangeReport? MemoryRange,
    PageReport? Page,
    string? PageAbsence,
    IReadOnlyList<AliasReport> AlsoAt,
    IReadOnlyList<MapperReport> MappedBy,
    ReachReport? Reach,
    IReadOnlyList<SpaceReport> Spaces,
    int? SpacesAsked)
{
    /// <summary>The same as <see cref="Address"/>, where that is a virtual address; null where a physical one was asked for.</summary>
    [JsonPropertyOrder(-1)]
    public VirtualAddress? Virtual => Region is null ? null : new(Address.Value);

    /// <summary>Why the image has no bytes of it, behind "is": "left out of the image when it was made"; null where it has them.</summary>
    public string? ContentAbsence { get; init; }

    /// <summary>
    /// Of an address in a virtual machine that was found in its host, where its page is there; null elsewhere, and where it has no physical address.
    /// </summary>
    public HostPageReport? InHost { get; init; }

    /// <summary>Explains a virtual address.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="address">The address.</param>
    /// <param name="root">The top table to go through; null for the kernel's own, and for a user address every process's.</param>
    public static Explanation Of(Machine machine, VirtualAddress address, PhysicalAddress? root = null) => new Explainer(machine).Virtual(address, root);

    /// <summary>Explains a physical address.</summary>
    public static Explanation Of(Machine machine, PhysicalAddress address) => new Explainer(machine).PhysicalAddress(address);
}
