using System.Text;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Inference.Slab;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Slab caches and slabs, in a layout that no kernel has: some with hidden free pointers, some CPUs with a slab of their own.</summary>
public class SlabInferenceTests
{
    private const int Count = 20;
    private const ulong Caches = 200UL << 20;
    private const ulong CacheBytes = 0x200;
    private const ulong Nodes = Caches + 0x10000;
    private const ulong NodeBytes = 64;
    private const ulong Texts = Caches + 0x20000;
    private const ulong Cpus = Caches + 0x30000;
    private const ulong CpuBytes = 0x1000;
    private const ulong Frames = 0x9000;
    private const ulong NameAt = 16;
    private const ulong SizeAt = 24;
    private const ulong OffsetAt = 36;
    private const ulong OrderAt = 40;
    private const ulong ListAt = 48;
    private const ulong RandomAt = 80;
    private const ulong NodeAt = 96;
    private const ulong LinkAt = 8;
    private const ulong CacheAt = 24;
    private const ulong FreeListAt = 32;
    private const ulong CountsAt = 40;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Caches_nodes_and_slabs_are_found_wherever_they_are(bool hidden)
    {
        InferredTypes types = Infer(hidden);
        Assert.Empty(types.Refusals);
        string[] expected =
        [
            "kmem_cache.cpu_slab 0", "kmem_cache.list 48", "kmem_cache.name 16", "kmem_cache.node 96", "kmem_cache.object_size 28", "kmem_cache.offset 36",
            "kmem_cache.oo 40",
            .. hidden ? ["kmem_cache.random 80"] : Array.Empty<string>(),
            "kmem_cache.size 24", "kmem_cache_cpu.freelist 0", "kmem_cache_cpu.page 16", "kmem_cache_node.nr_partial 8", "kmem_cache_node.nr_slabs 32",
            "kmem_cache_node.partial 16",
            "kmem_cache_node.total_objects 40", "page.freelist 32", "page.slab_cache 24",
        ];
        Assert.Equal(expected,
            types.Evidence.Where(field => field is not { Structure: "page", Name: "flags" }).Select(field => $"{field.Structure}.{field.Name} {field.Offset}")
                .Order(StringComparer.Ordinal));
        Assert.Equal((40UL, 16), (types.FindField("page", "inuse")!.Offset, types.FindField("page", "inuse")!.BitSize));
    }

    [Theory]
    [InlineData(Caches + (3 * CacheBytes) + OrderAt, 7UL, "kmem_cache", "size")] // another number of objects than the size leaves room for
    [InlineData(Caches + (3 * CacheBytes) + NameAt, 0UL, "kmem_cache", "name")]
    [InlineData(Caches + (3 * CacheBytes) + ListAt + 8, 0UL, "kmem_cache", "list")] // a link that does not lead back
    [InlineData(Nodes + (3 * NodeBytes) + 8, 2UL, "kmem_cache", "node")] // one slab more than is listed
    public void What_contradicts_the_rest_is_refused(ulong at, ulong value, string tag, string name)
    {
        InferredTypes types = Infer(hidden: true, (memory, _) => memory.Write(new(at), value));
        Assert.Contains(types.Refusals, refusal => refusal.Structure == tag && refusal.Name == name);
        Assert.Null(types.FindField("page", "slab_cache"));
    }

    [Theory]
    [InlineData(CacheAt, 0x1234UL, "page", "slab_cache")]
    [InlineData(FreeListAt, 0x1234UL, "page", "freelist")]
    [InlineData(CountsAt, 0x0001_0001UL, "kmem_cache", "offset")] // all objects in use, of which two are free
    public void Slabs_that_contradict_their_caches_are_refused(ulong at, ulong value, string tag, string name)
    {
        InferredTypes types = Infer(hidden: true, (memory, kernel) => memory.Write(kernel.StructPage(new(Frames)) + at, value));
        Assert.Contains(types.Refusals, refusal => refusal.Structure == tag && refusal.Name == name);
        Assert.Null(types.FindField("page", "inuse"));
    }

    [Fact]
    public void Free_objects_in_a_circle_end_and_are_refused()
    {
        ulong size = 64;
        InferredTypes types = Infer(hidden: false,
            (memory, kernel) => memory.Write(new PageFrame(Frames).Address + size, kernel.Made.PageOffset + new PageFrame(Frames).Address.Value));
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "kmem_cache", Name: "offset" });
    }

    private static InferredTypes Infer(bool hidden, Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null)
    {
        KernelBuilder made = new()
        {
            Release = "5.4.0-test",
            MoreVariables = [("slab_caches", 16), ("kmem_cache", 8), ("kmem_cache_node", 8), ("names_cachep", 8), ("__per_cpu_offset", 16), ("nr_cpu_ids", 8)],
        };
        using BuiltMachine machine = BuiltMachine.Raw(made, (memory, kernel) =>
        {
            Build(memory, kernel, hidden);
            spoil?.Invoke(memory, kernel);
        });
        return InferenceSteps.Take(
            machine.Discover(), [new SlabCacheStep(), new SlabNodeStep(), new SlabPageStep()],
            new PageFields(new Dictionary<string, int> { ["flags"] = 0 }, SlabBit: 7));
    }

    private static void Build(PhysicalMemoryBuilder memory, BuiltKernel kernel, bool hidden)
    {
        ulong direct = kernel.Made.PageOffset;
        string[] known = ["kmem_cache", "kmem_cache_node", "names_cachep"];
        for (int i = 0; i < known.Length; i++)
        {
            memory.Write(kernel.PhysicalOf(known[i]), direct + Caches + ((ulong)i * CacheBytes));
        }

        memory.Write(kernel.PhysicalOf("nr_cpu_ids"), 2);
        memory.Write(kernel.PhysicalOf("__per_cpu_offset"), direct + Cpus);
        memory.Write(kernel.PhysicalOf("__per_cpu_offset") + 8, direct + Cpus + CpuBytes);
        ulong head = kernel.Symbols.Single(symbol => symbol.Name == "slab_caches").Address.Value;
        Ring(memory,
            [(head, kernel.PhysicalOf("slab_caches")),
                .. Enumerable.Range(0, Count).Select(i => Caches + ((ulong)i * CacheBytes) + ListAt).Select(at => (direct + at, new PhysicalAddress(at)))]);
        for (ulong i = 0; i < Count; i++)
        {
            ulong cache = Caches + (i * CacheBytes);
            ulong node = Nodes + (i * NodeBytes);
            ulong size = 64 * (i + 1);
            ulong objects = 4096 / size;
            ulong offset = 8 * (i % 3);
            ulong secret = 0x1234_5678_9abc_0000 + (i * 0x1111);
            memory.Write(new(Texts + (i * 32)), Encoding.ASCII.GetBytes(i == 0 ? "kmem_cache\0" : i == 1 ? "kmalloc-128\0" : $"cache_{i}\0"));
            memory.Write(new(cache), 0x40 + (i * 0x20));
            memory.Write(new(cache + NameAt), direct + Texts + (i * 32));
            memory.Write(new(cache + SizeAt), size | ((i == 1 ? size : size - 8) << 32));
            memory.Write(new(cache + OffsetAt - 4), (offset << 32) | 1);
            memory.Write(new(cache + OrderAt), objects);
            memory.Write(new(cache + RandomAt), hidden ? secret : 0);
            memory.Write(new(cache + NodeAt), direct + node);

            // One slab with two free objects, on the node's list; one that is full, a CPU's.
            ulong partly = Frames + (2 * i);
            ulong start = direct + (partly << PageFrame.Shift);
            memory.Write(new(node + 8), 1);
            Ring(memory, [(direct + node + 16, new(node + 16)), (Page(kernel, partly) + LinkAt, kernel.StructPage(new(partly)) + LinkAt)]);
            memory.Write(new(node + 32), 2);
            memory.Write(new(node + 40), 2 * objects);
            Slab(memory, kernel, partly, direct + cache, start, objects, objects - 2);
            Slab(memory, kernel, partly + 1, direct + cache, 0, objects, objects);
            ulong first = (partly << PageFrame.Shift) + offset;
            memory.Write(new(first), (start + size) ^ (hidden ? secret ^ (direct + first) : 0));
            memory.Write(new(first + size), hidden ? secret ^ (direct + first + size) : 0);
            memory.Write(new(Cpus + 0x40 + (i * 0x20) + 16), Page(kernel, partly + 1));
        }
    }

    private static void Slab(PhysicalMemoryBuilder memory, BuiltKernel kernel, ulong frame, ulong cache, ulong free, ulong objects, ulong inUse)
    {
        PhysicalAddress page = kernel.StructPage(new(frame));
        memory.Write(page, 1UL << 7);
        memory.Write(page + CacheAt, cache);
        memory.Write(page + FreeListAt, free);
        memory.Write(page + CountsAt, inUse | (objects << 16));
    }

    private static ulong Page(BuiltKernel kernel, ulong frame) => kernel.Made.Vmemmap + (frame * KernelBuilder.StructPageBytes);

    private static void Ring(PhysicalMemoryBuilder memory, (ulong Address, PhysicalAddress At)[] ring)
    {
        for (int i = 0; i < ring.Length; i++)
        {
            memory.Write(ring[i].At, ring[(i + 1) % ring.Length].Address);
            memory.Write(ring[i].At + 8, ring[(i + ring.Length - 1) % ring.Length].Address);
        }
    }
}
