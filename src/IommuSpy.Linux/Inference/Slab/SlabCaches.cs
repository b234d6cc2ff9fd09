namespace IommuSpy.Linux.Inference.Slab;

/// <summary>The caches of SLUB.</summary>
/// <param name="All">Every struct kmem_cache.</param>
/// <param name="ListAt">kmem_cache.list.</param>
/// <param name="SizeAt">kmem_cache.size.</param>
/// <param name="OrderAt">kmem_cache.oo.</param>
internal sealed record SlabCaches(List<ulong> All, int ListAt, int SizeAt, int OrderAt);
