using IommuSpy.Memory;

namespace IommuSpy.Linux.Slab;

/// <summary>A slab cache of SLUB (struct kmem_cache): objects of one size, in slabs of whole pages.</summary>
/// <param name="Address">Where its kmem_cache is.</param>
/// <param name="Name">"kmalloc-2k"; an address where the name cannot be read.</param>
/// <param name="ObjectSize">Bytes of an object.</param>
/// <param name="Size">Bytes from one object to the next, what surrounds them included.</param>
/// <param name="ObjectsPerSlab">How many a slab holds; slabs made when memory was short hold fewer.</param>
/// <param name="Order">log2 of a slab's pages.</param>
/// <param name="Slabs">How many slabs it has, as it counts them; null where this kernel does not count (CONFIG_SLUB_DEBUG).</param>
/// <param name="Objects">How many objects they hold, free ones included; null likewise.</param>
/// <param name="ActiveObjects">The same without those that are free in partly used slabs, as /proc/slabinfo counts: what CPUs keep for themselves counts as
/// active.</param>
/// <param name="PartialSlabs">Slabs on the nodes' lists of partly used ones.</param>
/// <param name="FreePointer">Where in a free object the pointer to the next one is, in bytes.</param>
/// <param name="LeftPad">Bytes before each object that catch underruns (slab_debug=Z).</param>
/// <param name="Secret">What free pointers are encoded with; null for a kernel that does not.</param>
/// <param name="HasConstructor">Whether objects keep their contents while they are free.</param>
/// <param name="Damage">What of it could not be read; null for nothing.</param>
public sealed record SlabCache(
    VirtualAddress Address,
    string Name,
    uint ObjectSize,
    uint Size,
    int ObjectsPerSlab,
    int Order,
    ulong? Slabs,
    ulong? Objects,
    ulong? ActiveObjects,
    ulong PartialSlabs,
    uint FreePointer,
    uint LeftPad,
    ulong? Secret,
    bool HasConstructor,
    string? Damage);
