namespace IommuSpy.Analysis.Conversion;

/// <summary>Kinds of pages that a written image may leave out. The values are makedumpfile's (-d), whose cache pages are two kinds.</summary>
[Flags]
public enum ExcludedPages
{
    /// <summary>None: everything is kept.</summary>
    None = 0,

    /// <summary>Pages of zeros.</summary>
    Zero = 1,

    /// <summary>Pages of files that are kept in memory, with those that file systems have notes on.</summary>
    Cache = 2 | 4,

    /// <summary>Processes' own memory: anonymous pages and huge ones.</summary>
    User = 8,

    /// <summary>Pages that the allocator has to give.</summary>
    Free = 16,
}
