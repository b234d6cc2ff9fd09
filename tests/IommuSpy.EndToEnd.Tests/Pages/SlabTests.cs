using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>Slab caches against the guest's /proc/slabinfo, and against the struct pages of every page frame.</summary>
public partial class SlabTests
{
    // The collector reads slabinfo before it looks at every process, which makes entries and inodes of /proc; and an idle kernel gives back what readers were
    // still using.
    private const int MostThatMoved = 12;
    private const ulong MostSlabsMoved = 256;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Caches_equal_slabinfo(string guest, string image)
    {
        SlabAllocator slabs = GuestMachine.Open(guest, image).Parts.Slabs.Required;
        Assert.Null(slabs.Damage);
        string[][] theirs =
            [.. File.ReadLines(Guests.Capture(guest).GuestOracle("slabinfo")).Skip(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

        // Before 5.9 memory groups had caches of their own, "inode_cache(15:group)", which slabinfo adds to the root's of that name.
        SlabCache[] roots = [.. slabs.Caches.Where(cache => !OfGroup().IsMatch(cache.Name))];
        ILookup<string, SlabCache> groups = slabs.Caches.Except(roots).ToLookup(cache => OfGroup().Replace(cache.Name, ""), StringComparer.Ordinal);
        Assert.Equal(theirs.Select(line => line[0]), roots.Select(cache => cache.Name));
        List<string> moved = [];
        foreach ((string[] line, SlabCache cache) in theirs.Zip(roots))
        {
            ulong active = Sum(groups[cache.Name].Prepend(cache), its => its.ActiveObjects);
            ulong objects = Sum(groups[cache.Name].Prepend(cache), its => its.Objects);
            ulong count = Sum(groups[cache.Name].Prepend(cache), its => its.Slabs);
            Assert.Null(cache.Damage);
            Assert.Equal((line[3], line[4], line[5]), (Text(cache.Size), Text((ulong)cache.ObjectsPerSlab), Text(1UL << cache.Order)));
            if ((line[1], line[2], line[14]) != (Text(active), Text(objects), Text(count)))
            {
                ulong before = ulong.Parse(line[14], CultureInfo.InvariantCulture);
                Assert.True(Math.Max(before, count) - Math.Min(before, count) <= MostSlabsMoved, $"{cache.Name}: {before} slabs by the kernel, {count} by us");
                moved.Add($"{cache.Name}: kernel {line[1]} {line[2]} {line[14]}, ours {active} {objects} {count}");
            }
        }

        Assert.True(moved.Count <= MostThatMoved, string.Join("; ", moved));
        TestContext.Current.SendDiagnosticMessage($"{guest}: moved on since: {string.Join("; ", moved)}");
    }

    /// <summary>
    /// Each cache counts its slabs and objects; so do the struct pages of all slabs, read one by one. Every free list of every slab is whole.
    /// </summary>
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_slab_belongs_to_a_cache_and_each_cache_has_all_of_its_slabs(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        Dictionary<string, (ulong Slabs, ulong Objects, ulong Free)> counted = [];
        PageCursor cursor = new(machine.Parts.Pages.Required, new byte[1 << 16]);
        foreach (PageSection section in machine.Parts.Pages.Required.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (!section.Shows(frame) || !cursor.MoveTo(frame) || !cursor.StableFlags.HasFlag(StablePageFlags.Slab) || cursor.IsTail)
                {
                    continue;
                }

                SlabPages? slab = machine.Parts.Slabs.Required.SlabOf(frame);
                Assert.NotNull(slab);
                Assert.Null(slab.Damage);
                (ulong slabs, ulong objects, ulong free) = counted.GetValueOrDefault(slab.Cache.Name);
                counted[slab.Cache.Name] = (slabs + 1, objects + (ulong)slab.Objects.Count,
                    free + (ulong)slab.Objects.Count(item => item.State != SlabObjectState.Live));
            }
        }

        Assert.All(machine.Parts.Slabs.Required.Caches, cache =>
        {
            (ulong slabs, ulong objects, ulong free) = counted.GetValueOrDefault(cache.Name);
            Assert.Equal((cache.Slabs, cache.Objects), (slabs, objects));

            // What is free in partly used slabs is free; CPUs keep more that slabinfo calls active.
            Assert.True(free >= cache.Objects - cache.ActiveObjects,
                $"{cache.Name}: {free} objects free, slabinfo counts {cache.Objects - cache.ActiveObjects}");
        });
    }

    /// <summary>Objects that the kernel is known to use are live ones of the cache for them: every task_struct and mm_struct.</summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_task_is_a_live_object_of_its_cache(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        int seen = 0;
        foreach (VirtualAddress task in machine.Parts.Tasks.Required.Processes.Select(task => task.Address))
        {
            // init_task is in the kernel's image.
            if (machine.Kernel.Text.Contains(task))
            {
                continue;
            }

            SlabPages? slab = machine.Parts.Slabs.Required.SlabAt(task);
            Assert.NotNull(slab);
            Assert.Equal("task_struct", slab.Cache.Name);
            Assert.Equal(new SlabObject(task, slab.ObjectAt(task)!.Value.Index, SlabObjectState.Live), slab.ObjectAt(task));
            seen++;
        }

        Assert.True(seen > 50);
    }

    private static ulong Sum(IEnumerable<SlabCache> caches, Func<SlabCache, ulong?> number) =>
        caches.Aggregate(0UL, (sum, cache) => sum + number(cache)!.Value);

    [GeneratedRegex(@"\(\d+:.*\)$", RegexOptions.None, 1000)]
    private static partial Regex OfGroup();

    private static string Text(ulong? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
