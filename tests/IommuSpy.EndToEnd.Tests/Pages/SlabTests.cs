using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>Slab caches against the guest's /proc/slabinfo, and against the struct pages of every page frame.</summary>
public class SlabTests
{
    // The collector reads slabinfo before it looks at every process, which makes entries and inodes of /proc; and an idle kernel gives back what readers were still using.
    private const int MostThatMoved = 12;
    private const ulong MostSlabsMoved = 256;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Caches_equal_slabinfo(string guest, string image)
    {
        SlabAllocator slabs = GuestMachine.Open(guest, image).Slabs;
        Assert.Null(slabs.Damage);
        string[][] theirs = [.. File.ReadLines(Guests.Capture(guest).GuestOracle("slabinfo")).Skip(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(theirs.Select(line => line[0]), slabs.Caches.Select(cache => cache.Name));
        List<string> moved = [];
        for (int i = 0; i < theirs.Length; i++)
        {
            SlabCache cache = slabs.Caches[i];
            Assert.Null(cache.Damage);
            Assert.Equal((theirs[i][3], theirs[i][4], theirs[i][5]), (Text(cache.Size), Text((ulong)cache.ObjectsPerSlab), Text(1UL << cache.Order)));
            if ((theirs[i][1], theirs[i][2], theirs[i][14]) != (Text(cache.ActiveObjects), Text(cache.Objects), Text(cache.Slabs)))
            {
                ulong before = ulong.Parse(theirs[i][14], CultureInfo.InvariantCulture);
                Assert.True(Math.Max(before, cache.Slabs!.Value) - Math.Min(before, cache.Slabs.Value) <= MostSlabsMoved, $"{cache.Name}: {before} slabs by the kernel, {cache.Slabs} by us");
                moved.Add($"{cache.Name}: kernel {theirs[i][1]} {theirs[i][2]} {theirs[i][14]}, ours {cache.ActiveObjects} {cache.Objects} {cache.Slabs}");
            }
        }

        Assert.True(moved.Count <= MostThatMoved, string.Join("; ", moved));
        TestContext.Current.SendDiagnosticMessage($"{guest}: moved on since: {string.Join("; ", moved)}");
    }

    /// <summary>Each cache counts its slabs and objects; so do the struct pages of all slabs, read one by one. Every free list of every slab is whole.</summary>
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_slab_belongs_to_a_cache_and_each_cache_has_all_of_its_slabs(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        Dictionary<string, (ulong Slabs, ulong Objects, ulong Free)> counted = [];
        PageCursor cursor = new(machine.Pages, new byte[1 << 16]);
        foreach (PageSection section in machine.Pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (!section.Shows(frame) || !cursor.MoveTo(frame) || !cursor.StableFlags.HasFlag(StablePageFlags.Slab) || cursor.IsTail)
                {
                    continue;
                }

                SlabPages? slab = machine.Slabs.SlabOf(frame);
                Assert.NotNull(slab);
                Assert.Null(slab.Damage);
                (ulong slabs, ulong objects, ulong free) = counted.GetValueOrDefault(slab.Cache.Name);
                counted[slab.Cache.Name] = (slabs + 1, objects + (ulong)slab.Objects.Count, free + (ulong)slab.Objects.Count(item => item.State != SlabObjectState.Live));
            }
        }

        Assert.All(machine.Slabs.Caches, cache =>
        {
            (ulong slabs, ulong objects, ulong free) = counted.GetValueOrDefault(cache.Name);
            Assert.Equal((cache.Slabs, cache.Objects), (slabs, objects));

            // What is free in partly used slabs is free; CPUs keep more that slabinfo calls active.
            Assert.True(free >= cache.Objects - cache.ActiveObjects, $"{cache.Name}: {free} objects free, slabinfo counts {cache.Objects - cache.ActiveObjects}");
        });
    }

    /// <summary>Objects that the kernel is known to use are live ones of the cache for them: every task_struct and mm_struct.</summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_task_is_a_live_object_of_its_cache(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        int seen = 0;
        foreach (VirtualAddress task in machine.Tasks.Processes.Select(task => task.Address))
        {
            // init_task is in the kernel's image.
            if (machine.Kernel.Text.Contains(task))
            {
                continue;
            }

            SlabPages? slab = machine.Slabs.SlabAt(task);
            Assert.NotNull(slab);
            Assert.Equal("task_struct", slab.Cache.Name);
            Assert.Equal(new SlabObject(task, slab.ObjectAt(task)!.Value.Index, SlabObjectState.Live), slab.ObjectAt(task));
            seen++;
        }

        Assert.True(seen > 50);
    }

    private static string Text(ulong? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
