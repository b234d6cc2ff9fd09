using IommuSpy.Memory;

namespace IommuSpy.Linux.PageCache;

/// <summary>What the page cache has for some pages of a file: a folio, or a value in its place, or what is neither.</summary>
/// <param name="Index">The first page's number in the file, in pages of 4 KiB.</param>
/// <param name="Pages">How many.</param>
internal readonly record struct CachedFolio(ulong Index, ulong Pages)
{
    /// <summary>The first page's frame, which the others follow; null where there is no page.</summary>
    public PageFrame? Frame { get; init; }

    /// <summary>What stands in place of a page, without its tag: where it was swapped out to, or how long ago it left memory.</summary>
    public ulong? Value { get; init; }

    /// <summary>Why what stands there is neither a page of the file nor a value; null for one of them.</summary>
    public string? Problem { get; init; }
}
