namespace IommuSpy.Linux.Pages;

/// <summary>
/// The bits of /proc/kpageflags, the same in every kernel (include/uapi/linux/kernel-page-flags.h, include/linux/kernel-page-flags.h: KPF_LOCKED and so on).
/// </summary>
[Flags]
public enum StablePageFlags : ulong
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Locked, as for input or output.</summary>
    Locked = 1UL << 0,

    /// <summary>An input or output failed; until 6.11.</summary>
    Error = 1UL << 1,

    /// <summary>Used since it was last looked at.</summary>
    Referenced = 1UL << 2,

    /// <summary>Holds what it should.</summary>
    Uptodate = 1UL << 3,

    /// <summary>Newer than what is on disk.</summary>
    Dirty = 1UL << 4,

    /// <summary>On an LRU list.</summary>
    Lru = 1UL << 5,

    /// <summary>On the active one.</summary>
    Active = 1UL << 6,

    /// <summary>A slab's.</summary>
    Slab = 1UL << 7,

    /// <summary>Being written.</summary>
    Writeback = 1UL << 8,

    /// <summary>To be reclaimed when written.</summary>
    Reclaim = 1UL << 9,

    /// <summary>Free, in the buddy allocator.</summary>
    Buddy = 1UL << 10,

    /// <summary>Mapped by a user.</summary>
    Mmap = 1UL << 11,

    /// <summary>Anonymous memory.</summary>
    Anonymous = 1UL << 12,

    /// <summary>In the swap cache.</summary>
    Swapcache = 1UL << 13,

    /// <summary>Backed by swap rather than by a file.</summary>
    Swapbacked = 1UL << 14,

    /// <summary>First of a compound page.</summary>
    CompoundHead = 1UL << 15,

    /// <summary>Not the first of a compound page.</summary>
    CompoundTail = 1UL << 16,

    /// <summary>hugetlbfs.</summary>
    Huge = 1UL << 17,

    /// <summary>Not to be reclaimed.</summary>
    Unevictable = 1UL << 18,

    /// <summary>The hardware reported an error in it.</summary>
    Hwpoison = 1UL << 19,

    /// <summary>There is no struct page.</summary>
    Nopage = 1UL << 20,

    /// <summary>Merged by KSM.</summary>
    Ksm = 1UL << 21,

    /// <summary>Part of a transparent huge page.</summary>
    Thp = 1UL << 22,

    /// <summary>Logically offline; a balloon's before 5.1.</summary>
    Offline = 1UL << 23,

    /// <summary>The page of zeros, or the huge one.</summary>
    ZeroPage = 1UL << 24,

    /// <summary>Not used since it was marked idle.</summary>
    Idle = 1UL << 25,

    /// <summary>A page table.</summary>
    Pgtable = 1UL << 26,

    /// <summary>Kept out of the allocators.</summary>
    Reserved = 1UL << 32,

    /// <summary>Locked into memory by mlock.</summary>
    Mlocked = 1UL << 33,

    /// <summary>Mapped to disk blocks; called owner_2 since 6.12.</summary>
    MappedToDisk = 1UL << 34,

    /// <summary>Has private data of its file system.</summary>
    Private = 1UL << 35,

    /// <summary>Has more of it.</summary>
    Private2 = 1UL << 36,

    /// <summary>The owner's use.</summary>
    OwnerPrivate = 1UL << 37,

    /// <summary>The architecture's use.</summary>
    Arch = 1UL << 38,

    /// <summary>Mapped uncached; until 6.10.</summary>
    Uncached = 1UL << 39,

    /// <summary>More of the architecture's use.</summary>
    Arch2 = 1UL << 41,

    /// <summary>Yet more.</summary>
    Arch3 = 1UL << 42,
}
