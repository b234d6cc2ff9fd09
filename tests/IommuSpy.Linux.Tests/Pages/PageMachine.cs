using System.Buffers.Binary;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Pages;

/// <summary>A built kernel whose struct pages, slab caches and zones a test writes: with the fields of a 6.12, and SLUB's of before struct slab.</summary>
internal sealed class PageMachine : IDisposable
{
    public const uint NoMapping = uint.MaxValue;
    public const uint Buddy = 0xf000_0000;
    public const uint Slab = 0xf500_0000;
    public const int Head = 6;

    private readonly BuiltMachine _machine;

    private PageMachine(BuiltMachine machine, Action<BuiltTypes>? more)
    {
        _machine = machine;
        BuiltTypes types = Types();
        more?.Invoke(types);
        Objects = new(machine.Discover(), types);
    }

    public KernelObjects Objects { get; }

    public MemoryPages Pages => MemoryPages.Of(Objects);

    /// <summary>Builds one.</summary>
    /// <param name="spoil">Writes what the test is about.</param>
    /// <param name="sections">Whether the kernel has the symbols that lead to its sections of memory; else its struct pages are found by vmemmap alone.</param>
    /// <param name="more">Adds to the kernel's types.</param>
    public static PageMachine Build(Action<PhysicalMemoryBuilder, BuiltKernel> spoil, bool sections = false, Action<BuiltTypes>? more = null)
    {
        string[] symbols = ["slab_caches", "contig_page_data", "shmem_aops"];
        return new(BuiltMachine.Raw(new() { MoreFunctions = sections ? [.. symbols, "mem_section", "max_pfn"] : symbols }, spoil), more);
    }

    /// <summary>Where a kernel's address of the direct map is.</summary>
    public static PhysicalAddress Physical(BuiltKernel kernel, ulong address) => new(address - kernel.Made.PageOffset);

    /// <summary>Where one of the symbols of <see cref="Build"/> is.</summary>
    public static VirtualAddress Symbol(BuiltKernel kernel, string name) => kernel.Symbols.Single(symbol => symbol.Name == name).Address;

    /// <summary>The struct page's address of a page frame.</summary>
    public static ulong Address(BuiltKernel kernel, ulong frame) => kernel.Made.Vmemmap + (frame * KernelBuilder.StructPageBytes);

    /// <summary>Writes a struct page.</summary>
    public static void Write(
        PhysicalMemoryBuilder memory, BuiltKernel kernel, ulong frame, ulong flags = 0, ulong head = 0, ulong mapping = 0, ulong index = 0, ulong order = 0,
        uint type = NoMapping, int references = 1)
    {
        byte[] page = new byte[KernelBuilder.StructPageBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(page, flags);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(8), head);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(24), mapping);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(32), index);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(40), order);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(48), type);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(52), references);
        memory.Write(kernel.StructPage(new(frame)), page);
    }

    public void Dispose() => _machine.Dispose();

    private static Linux.Types.StructType Range { get; } = new(
        "range", 16, false, () => [new Linux.Types.Member("start", 0, 0, () => BuiltTypes.Word), new Linux.Types.Member("end", 64, 0, () => BuiltTypes.Word)]);

    private static BuiltTypes Types() => new BuiltTypes()
        .Struct(
            "page", KernelBuilder.StructPageBytes,
            ("flags", 0, BuiltTypes.Word), ("lru", 8, BuiltTypes.List), ("slab_list", 8, BuiltTypes.List), ("compound_head", 8, BuiltTypes.Word),
            ("mapping", 24, BuiltTypes.Word),
            ("pgmap", 8, BuiltTypes.Word),
            ("slab_cache", 24, BuiltTypes.Word), ("index", 32, BuiltTypes.Word), ("freelist", 32, BuiltTypes.Word), ("private", 40, BuiltTypes.Word),
            ("page_type", 48, BuiltTypes.Int),
            ("_mapcount", 48, BuiltTypes.Int), ("_refcount", 52, BuiltTypes.Int))
        .Bits("page", "inuse", 40 * 8, 16).Bits("page", "objects", (40 * 8) + 16, 15).Bits("page", "frozen", (40 * 8) + 31, 1)
        .Struct("folio", 4 * KernelBuilder.StructPageBytes, ("_flags_1", 64, BuiltTypes.Word), ("_large_mapcount", 80, BuiltTypes.Int),
            ("_entire_mapcount", 84, BuiltTypes.Int))
        .Enum("pageflags", ("PG_locked", 0), ("PG_uptodate", 3), ("PG_lru", 5), ("PG_head", Head), ("PG_workingset", 9), ("PG_reserved", 13),
            ("PG_large_rmappable", 9))
        .Enum("pagetype", ("PGTY_buddy", 0xf0), ("PGTY_table", 0xf2), ("PGTY_slab", 0xf5))
        .Struct("mem_section", 16, ("section_mem_map", 0, BuiltTypes.Word), ("usage", 8, BuiltTypes.Word))
        .Struct("mem_section_usage", 8, ("subsection_map", 0, BuiltTypes.Word))
        .Struct("range", 16, ("start", 0, BuiltTypes.Word), ("end", 8, BuiltTypes.Word))
        .Struct("dev_pagemap", 64, ("range", 16, Range), ("nr_range", 8, BuiltTypes.Int), ("type", 12, BuiltTypes.Int))
        .Enum("memory_type", ("MEMORY_DEVICE_PRIVATE", 1), ("MEMORY_DEVICE_FS_DAX", 3), ("MEMORY_DEVICE_PCI_P2PDMA", 5))
        .Struct(
            "kmem_cache", 256,
            ("flags", 8, BuiltTypes.Word), ("size", 16, BuiltTypes.Int), ("object_size", 20, BuiltTypes.Int), ("offset", 24, BuiltTypes.Int),
            ("oo", 28, BuiltTypes.Int), ("name", 32, BuiltTypes.Word),
            ("list", 40, BuiltTypes.List), ("random", 56, BuiltTypes.Word), ("node", 64, new Linux.Types.ArrayType(() => BuiltTypes.Word, 1)))
        .Struct("kmem_cache_node", 64, ("nr_partial", 8, BuiltTypes.Word), ("partial", 16, BuiltTypes.List), ("nr_slabs", 32, BuiltTypes.Word),
            ("total_objects", 40, BuiltTypes.Word))
        .Struct("pglist_data", 4096, ("node_zones", 0, new Linux.Types.ArrayType(() => BuiltTypes.Word, 2)), ("node_id", 4000, BuiltTypes.Int))
        .Struct(
            "zone", 512,
            ("zone_start_pfn", 0, BuiltTypes.Word), ("spanned_pages", 8, BuiltTypes.Word), ("present_pages", 16, BuiltTypes.Word),
            ("name", 24, BuiltTypes.Word),
            ("free_area", 32, new Linux.Types.ArrayType(() => BuiltTypes.Word, 3)))
        .Struct("free_area", 40, ("free_list", 0, new Linux.Types.ArrayType(() => BuiltTypes.List, 2)), ("nr_free", 32, BuiltTypes.Word))
        .Enum("migratetype", ("MIGRATE_UNMOVABLE", 0), ("MIGRATE_MOVABLE", 1), ("MIGRATE_PCPTYPES", 2), ("MIGRATE_TYPES", 2));
}
