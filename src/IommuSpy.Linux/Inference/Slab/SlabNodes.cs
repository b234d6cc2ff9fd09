namespace IommuSpy.Linux.Inference.Slab;

/// <summary>What each cache keeps for a node.</summary>
/// <param name="NodeAt">kmem_cache.node.</param>
internal sealed record SlabNodes(int NodeAt);
