using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.MemoryUse;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>What memory is used for, and how much.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Pages">How many pages.</param>
/// <param name="Parts">Whose, the largest first.</param>
internal sealed record KindOfMemory(PageKind Kind, ulong Pages, IReadOnlyList<PartOfMemory> Parts)
{
    /// <summary>The same in bytes.</summary>
    public ulong Bytes => Pages * PageFrame.Size;

    /// <summary>Rows of the table memory by use, the largest first, each with its parts in whatever zones they are.</summary>
    public static IReadOnlyList<KindOfMemory> Of(IEnumerable<MemoryUseRow> rows) =>
    [
        .. rows.GroupBy(row => row.Kind).Select(kind => new KindOfMemory(kind.Key, Sum(kind),
            [
                .. kind.GroupBy(row => row.Part, StringComparer.Ordinal).Select(part => new PartOfMemory(part.Key, Sum(part)))
                    .OrderByDescending(part => part.Pages),
            ])).OrderByDescending(kind => kind.Pages),
    ];

    private static ulong Sum(IEnumerable<MemoryUseRow> rows) => rows.Aggregate(0UL, (sum, row) => sum + row.Pages);
}

/// <summary>A part of it.</summary>
/// <param name="Name">Whose; null where nothing tells.</param>
/// <param name="Pages">How many pages.</param>
internal sealed record PartOfMemory(string? Name, ulong Pages)
{
    /// <summary>The same in bytes.</summary>
    public ulong Bytes => Pages * PageFrame.Size;
}
