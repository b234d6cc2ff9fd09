using IommuSpy.Linux.PageCache;
using IommuSpy.Linux.Tests.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.PageCache;

public class FileCacheTests
{
    private const ulong Frame = 0x4000;
    private const ulong Place = 160UL << 20;
    private const ulong Uptodate = 1 << 3;
    private const ulong Dirty = 1 << 4;
    private const uint Hugetlb = 0xf400_0000;
    private const uint DaxInode = 1 << 13;
    private const ulong NodeBytes = 1024;
    private const ulong SlotsAt = 16;

    /// <summary>How kernels have kept a large folio.</summary>
    public enum Large
    {
        OneEntry,
        ItsHeadAtEachIndex,
        EachPageByItself,
    }

    [Fact]
    public void Every_page_up_to_the_end_is_somewhere()
    {
        using Cached file = new((cache, _) =>
        {
            cache.Page(Frame, 0, Uptodate | Dirty);
            cache.Page(Frame + 1, 1, Uptodate);
            cache.Page(Frame + 2, 2, 0);
            cache.Slot(cache.Low, 3, (77 << 1) | 1);
            cache.Page(Frame + 8, 9, Uptodate);
        });
        FileCache read = file.Read(bytes: (6 << 12) + 1);
        Assert.Empty(read.Damage);
        Assert.Equal(
            [
                new CacheRun(CacheState.Cached, 0, 2) { Frame = new(Frame), Dirty = 1 }, new CacheRun(CacheState.Unread, 2, 1) { Frame = new(Frame + 2) },
                new CacheRun(CacheState.Evicted, 3, 1), new CacheRun(CacheState.Absent, 4, 5), new CacheRun(CacheState.Cached, 9, 1) { Frame = new(Frame + 8) },
            ],
            read.Runs);
        Assert.Equal([new CacheRun(CacheState.Absent, 10, 2)], file.Read(bytes: 12 << 12).Runs.Skip(5));
    }

    [Fact]
    public void Of_shared_memory_values_are_places_of_swap_and_the_rest_is_zeros()
    {
        using Cached file = new((cache, kernel) =>
        {
            cache.Operations(PageMachine.Symbol(kernel, "shmem_aops"));
            cache.Page(Frame, 1, Uptodate);
            cache.Slot(cache.Low, 4, (((1UL << 58) | 0x1c) << 1) | 1);
            cache.Slot(cache.Low, 5, (((1UL << 58) | 0x1d) << 1) | 1);
            cache.Slot(cache.Low, 6, (((2UL << 58) | 0x1e) << 1) | 1);

            // What was swapped out of a large folio: one value of four indexes.
            cache.Slot(cache.Low, 8, (0x40UL << 1) | 1);
            cache.Siblings(cache.Low, 8, 4);
        });
        FileCache read = file.Read(bytes: 16 << 12);
        Assert.Empty(read.Damage);
        Assert.Equal(
            [
                new CacheRun(CacheState.Hole, 0, 1), new CacheRun(CacheState.Cached, 1, 1) { Frame = new(Frame) }, new CacheRun(CacheState.Hole, 2, 2),
                new CacheRun(CacheState.Swapped, 4, 2) { SwapType = 1, SwapOffset = 0x1c },
                new CacheRun(CacheState.Swapped, 6, 1) { SwapType = 2, SwapOffset = 0x1e },
                new CacheRun(CacheState.Hole, 7, 1), new CacheRun(CacheState.Swapped, 8, 4) { SwapType = 0, SwapOffset = 0x40 },
                new CacheRun(CacheState.Hole, 12, 4),
            ],
            read.Runs);
    }

    /// <summary>What a radix tree of before 4.20 keeps as a value has two bits of tag, and so one bit less above.</summary>
    [Fact]
    public void A_value_of_a_radix_tree_is_read_as_that()
    {
        using Cached file = new(
            (cache, kernel) =>
            {
                cache.Operations(PageMachine.Symbol(kernel, "shmem_aops"));
                cache.Page(Frame, 1, Uptodate);
                cache.Slot(cache.Low, 4, (((3UL << 57) | 0x1c) << 2) | 2);
            },
            isOld: true);
        FileCache read = file.Read(bytes: 5 << 12);
        Assert.Empty(read.Damage);
        Assert.Equal(
            [
                new CacheRun(CacheState.Hole, 0, 1), new CacheRun(CacheState.Cached, 1, 1) { Frame = new(Frame) }, new CacheRun(CacheState.Hole, 2, 2),
                new CacheRun(CacheState.Swapped, 4, 1) { SwapType = 3, SwapOffset = 0x1c },
            ],
            read.Runs);
    }

    [Theory]
    [InlineData(Large.OneEntry)]
    [InlineData(Large.ItsHeadAtEachIndex)]
    [InlineData(Large.EachPageByItself)]
    public void A_large_folio_is_its_pages_in_a_row_and_dirty_as_a_whole(Large kept)
    {
        using Cached file = new((cache, _) =>
        {
            cache.Page(Frame + 16, 3, Uptodate);
            cache.Folio(Frame, 4, 2, Uptodate | Dirty);
            for (int i = 0; i < 4; i++)
            {
                cache.Slot(cache.Low, 4 + i, cache.StructPage(Frame + (kept == Large.EachPageByItself ? (ulong)i : 0)));
            }

            if (kept == Large.OneEntry)
            {
                cache.Siblings(cache.Low, 4, 4);
            }

            cache.Page(Frame + 17, 8, Uptodate);
        });
        FileCache read = file.Read(bytes: 9 << 12);
        Assert.Empty(read.Damage);
        Assert.Equal(
            [
                new CacheRun(CacheState.Absent, 0, 3), new CacheRun(CacheState.Cached, 3, 1) { Frame = new(Frame + 16) },
                new CacheRun(CacheState.Cached, 4, 4) { Frame = new(Frame), Dirty = 4 }, new CacheRun(CacheState.Cached, 8, 1) { Frame = new(Frame + 17) },
            ],
            read.Runs);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_of_huge_pages_is_the_same_whichever_its_indexes_count(bool isByHugePages)
    {
        using Cached file = new((cache, _) =>
        {
            ulong unit = isByHugePages ? 1UL : 512;
            cache.Folio(Frame, 0, 9, Uptodate, Hugetlb);
            cache.Folio(Frame + 1024, 2 * unit, 9, Uptodate, Hugetlb);
            if (isByHugePages)
            {
                cache.Slot(cache.Low, 0, cache.StructPage(Frame));
                cache.Slot(cache.Low, 2, cache.StructPage(Frame + 1024));
                return;
            }

            cache.Slot(cache.Top, 0, cache.StructPage(Frame));
            cache.Siblings(cache.Top, 0, 8);
            cache.Slot(cache.Top, 16, cache.StructPage(Frame + 1024));
            cache.Siblings(cache.Top, 16, 8);
        });
        FileCache read = file.Read(bytes: 6UL << 20, fileSystem: "hugetlbfs");
        Assert.Empty(read.Damage);
        Assert.Equal(
            [
                new CacheRun(CacheState.Cached, 0, 512) { Frame = new(Frame) }, new CacheRun(CacheState.Hole, 512, 512),
                new CacheRun(CacheState.Cached, 1024, 512) { Frame = new(Frame + 1024) },
            ],
            read.Runs);
    }

    [Fact]
    public void A_file_of_persistent_memory_is_in_no_page_cache()
    {
        using Cached file = new((cache, _) =>
        {
            cache.Flags(DaxInode);
            cache.Slot(cache.Low, 0, (5UL << 5) | 1);
        });
        Assert.Contains("DAX", Assert.Throws<MissingTypeException>(() => file.Read(bytes: 4096)).Message, StringComparison.Ordinal);
    }

    /// <summary>What is none of the file's pages is not taken for one, and the rest is.</summary>
    [Fact]
    public void What_belongs_to_another_file_or_place_is_unknown()
    {
        using Cached file = new((cache, _) =>
        {
            cache.Page(Frame, 0, Uptodate);
            cache.Page(Frame + 1, 1, Uptodate, mapping: Place + 0x4000);
            cache.Page(Frame + 2, 7, Uptodate);
            cache.Slot(cache.Low, 7, 0);
            cache.Slot(cache.Low, 2, cache.StructPage(Frame + 2));
            cache.Slot(cache.Low, 3, cache.StructPage(Frame + 3) + 8);
            cache.Slot(cache.Low, 4, 0xdead_0000_0000_0100);
            cache.Page(Frame + 5, 5, Uptodate);
        });
        FileCache read = file.Read(bytes: 6 << 12);
        Assert.Equal(
            [
                new CacheRun(CacheState.Cached, 0, 1) { Frame = new(Frame) }, new CacheRun(CacheState.Unknown, 1, 4),
                new CacheRun(CacheState.Cached, 5, 1) { Frame = new(Frame + 5) },
            ],
            read.Runs);
        Assert.Equal(["page 1: ", "page 2: ", "page 3: ", "page 4: "], read.Damage.Select(line => line[..8]));
    }

    /// <summary>A node that leads to itself: nothing is said to be absent that was not seen to be.</summary>
    [Fact]
    public void Of_a_tree_that_leads_in_a_circle_what_was_not_found_is_unknown()
    {
        using Cached file = new((cache, _) =>
        {
            cache.Page(Frame, 1, Uptodate);
            cache.Slot(cache.Top, 1, cache.Top + 2);
        });
        FileCache read = file.Read(bytes: 3 << 12);
        Assert.Contains("not of the level that leads to it", Assert.Single(read.Damage), StringComparison.Ordinal);
        Assert.Equal(
            [
                new CacheRun(CacheState.Unknown, 0, 1), new CacheRun(CacheState.Cached, 1, 1) { Frame = new(Frame) }, new CacheRun(CacheState.Unknown, 2, 1),
            ],
            read.Runs);
    }

    /// <summary>Folios that overlap, one that says to be larger than memory, and an index beyond any file.</summary>
    [Fact]
    public void Sizes_that_cannot_be_are_damage_and_take_no_time()
    {
        using Cached file = new((cache, _) =>
        {
            cache.Folio(Frame, 0, 2, Uptodate);
            cache.Slot(cache.Low, 0, cache.StructPage(Frame));
            cache.Folio(Frame + 64, 2, 2, Uptodate);
            cache.Slot(cache.Low, 2, cache.StructPage(Frame + 64));
            cache.Folio(Frame + 128, 8, 24, Uptodate);
            cache.Slot(cache.Low, 8, cache.StructPage(Frame + 128));
        });
        FileCache read = file.Read(bytes: 1 << 12);
        Assert.Equal(new CacheRun(CacheState.Cached, 0, 4) { Frame = new(Frame) }, read.Runs[0]);
        Assert.Equal(8UL + (1 << 24), read.Runs[^1].End);
        Assert.Equal(CacheState.Unknown, read.Runs[^1].State);
        Assert.Equal(2, read.Damage.Count);
        using Cached far = new((cache, _) =>
        {
            cache.Level(cache.Top, 60);
            cache.Slot(cache.Top, 0, 0);
            cache.Slot(cache.Top, 9, (77 << 1) | 1);
        });
        read = far.Read(bytes: 1 << 12);
        Assert.Contains("no file is that long", Assert.Single(read.Damage), StringComparison.Ordinal);
        Assert.True(read.Runs[^1].End <= 1UL << 51);
    }

    /// <summary>A file of a built kernel, with a tree of two levels.</summary>
    private sealed class Cached : IDisposable
    {
        private const ulong InodeAt = 0x100;
        private const ulong LowAt = 0x1000;
        private const ulong TopAt = 0x2000;
        private static readonly KernelType Byte = new IntegerType("unsigned char", 1, IntegerEncoding.Unsigned);
        private readonly PageMachine _machine;
        private PhysicalMemoryBuilder _memory = null!;
        private BuiltKernel _kernel = null!;

        public Cached(Action<Cached, BuiltKernel> write, bool isOld = false) => _machine = PageMachine.Build(
            (memory, kernel) =>
            {
                (_memory, _kernel) = (memory, kernel);
                ulong tag = isOld ? 1UL : 2UL;
                Word(0x10, Top + tag);
                Level(Top, 6);
                Slot(Top, 0, Low + tag);
                write(this, kernel);
            },
            more: types => Add(types, isOld));

        public ulong Top => Base + TopAt;

        public ulong Low => Base + LowAt;

        private ulong Base => _kernel.Made.PageOffset + Place;

        public FileCache Read(ulong bytes, string fileSystem = "ext4") =>
            FileCache.Read(_machine.Objects, _machine.Pages, new(new(Base), new(Base + InodeAt), 12, bytes, fileSystem, null, "/file"));

        public ulong StructPage(ulong frame) => PageMachine.Address(_kernel, frame);

        public void Level(ulong node, byte shift) => _memory.Write(PageMachine.Physical(_kernel, node), [shift]);

        public void Slot(ulong node, int slot, ulong value) => _memory.Write(PageMachine.Physical(_kernel, node + SlotsAt + ((ulong)slot * 8)), value);

        public void Siblings(ulong node, int first, int count)
        {
            for (int i = 1; i < count; i++)
            {
                Slot(node, first + i, ((ulong)first << 2) | 2);
            }
        }

        public void Operations(VirtualAddress table) => Word(0x18, table.Value);

        public void Flags(uint flags) => Word(InodeAt, flags);

        public void Page(ulong frame, int index, ulong flags, ulong mapping = Place)
        {
            PageMachine.Write(_memory, _kernel, frame, flags, mapping: _kernel.Made.PageOffset + mapping, index: (ulong)index);
            Slot(Low, index, StructPage(frame));
        }

        public void Folio(ulong frame, ulong index, int order, ulong flags, uint type = PageMachine.NoMapping)
        {
            PageMachine.Write(_memory, _kernel, frame, flags | (1 << PageMachine.Head), mapping: Base, index: index, type: type);
            for (ulong i = 1; i < 1UL << Math.Min(order, 10); i++)
            {
                PageMachine.Write(_memory, _kernel, frame + i, i == 1 ? (ulong)order : 0, head: StructPage(frame) + 1);
            }

            // Nobody maps it, as a whole or in part: each of the two counts begins at -1.
            _memory.Write(_kernel.StructPage(new(frame + 1)) + 16, ulong.MaxValue);
        }

        public void Dispose() => _machine.Dispose();

        private static void Add(BuiltTypes types, bool isOld)
        {
            string node = isOld ? "radix_tree_node" : "xa_node";
            string array = isOld ? "radix_tree_root" : "xarray";
            types.Struct(node, NodeBytes, ("shift", 0, Byte), ("slots", SlotsAt, new ArrayType(() => BuiltTypes.Word, 64)))
                .Struct(array, 16, (isOld ? "rnode" : "xa_head", 8, BuiltTypes.Word))
                .Struct("address_space", 64, ("host", 0, BuiltTypes.Word), (isOld ? "page_tree" : "i_pages", 8, types.FindStruct(array)!),
                    ("a_ops", 24, BuiltTypes.Word))
                .Struct("inode", 64, ("i_flags", 0, BuiltTypes.Int), ("i_size", 8, BuiltTypes.Word))
                .Enum("pageflags", ("PG_locked", 0), ("PG_uptodate", 3), ("PG_dirty", 4), ("PG_lru", 5), ("PG_head", PageMachine.Head), ("PG_reserved", 13))
                .Enum("pagetype", ("PGTY_buddy", 0xf0), ("PGTY_table", 0xf2), ("PGTY_hugetlb", 0xf4), ("PGTY_slab", 0xf5));
        }

        private void Word(ulong offset, ulong value) => _memory.Write(new(Place + offset), value);
    }
}
