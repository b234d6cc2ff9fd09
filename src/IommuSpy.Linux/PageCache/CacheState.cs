namespace IommuSpy.Linux.PageCache;

/// <summary>Where a page of a file is.</summary>
public enum CacheState
{
    /// <summary>In memory.</summary>
    Cached,

    /// <summary>
    /// A page of memory is there for it that is not filled (PG_uptodate is not set): it is being read, reading it failed, or some blocks of it alone were
    /// written or read.
    /// </summary>
    Unread,

    /// <summary>On a swap device: a page of shared memory or of a tmpfs.</summary>
    Swapped,

    /// <summary>Was in memory, and has left it: on disk.</summary>
    Evicted,

    /// <summary>Not in memory: on disk, as far as the page cache tells.</summary>
    Absent,

    /// <summary>Nowhere: a file system that is in memory alone has nothing there, and it reads as zeros.</summary>
    Hole,

    /// <summary>Not known: what stands for it could not be followed.</summary>
    Unknown,
}
