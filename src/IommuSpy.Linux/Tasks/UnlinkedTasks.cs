using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>
/// Tasks that the slab allocator holds and no list links: somebody has taken them off, or, for a moment, they begin or end. Idle tasks, which no list
/// links either, have pid 0 and are not among them.
/// </summary>
public sealed class UnlinkedTasks
{
    // kernel/fork.c, fork_init.
    private const string CacheName = "task_struct";
    private const char Dead = 'X';
    private const int CopyBytes = 1 << 16;

    private UnlinkedTasks(IReadOnlyList<KernelTask> found, int compared, string? damage)
    {
        Found = found;
        Compared = compared;
        Damage = damage;
    }

    /// <summary>Those that no list links, by pid.</summary>
    public IReadOnlyList<KernelTask> Found { get; }

    /// <summary>How many tasks of the slab allocator were looked up in the lists.</summary>
    public int Compared { get; }

    /// <summary>Why some may not have been looked at; null where all were.</summary>
    public string? Damage { get; }

    /// <summary>Looks at every live object of the cache of tasks. It goes through all struct pages once.</summary>
    public static UnlinkedTasks Of(KernelObjects objects, TaskTable tasks, SlabAllocator slabs, MemoryPages pages)
    {
        TaskReader reader = new(objects);
        HashSet<VirtualAddress> linked = [.. tasks.Processes.Concat(tasks.AllThreads).Select(task => task.Address)];
        List<KernelTask> found = [];
        int compared = 0;
        string? damage = slabs.Caches.Any(cache => cache.Name == CacheName) ? null : $"this kernel has no slab cache {CacheName}";
        foreach (SlabPages slab in Slabs(slabs, pages))
        {
            damage ??= slab.Damage is string broken ? $"a slab of tasks at {slab.Start}: {broken}" : null;
            foreach (SlabObject item in slab.Objects.Where(item => item.State == SlabObjectState.Live))
            {
                if (reader.Read(item.Address) is KernelTask { State: not Dead } task)
                {
                    compared++;
                    if (!linked.Contains(task.Address))
                    {
                        found.Add(task);
                    }
                }
            }
        }

        return new([.. found.OrderBy(task => task.Pid)], compared, damage);
    }

    private static List<SlabPages> Slabs(SlabAllocator slabs, MemoryPages pages)
    {
        List<SlabPages> found = [];
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        foreach (PageSection section in pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (section.Has(frame) && cursor.MoveTo(frame) && pages.Rules.IsSlab(cursor.Folio) && !cursor.IsTail
                    && slabs.CacheOf(frame)?.Name == CacheName && slabs.SlabOf(frame) is SlabPages slab)
                {
                    found.Add(slab);
                }
            }
        }

        return found;
    }
}
