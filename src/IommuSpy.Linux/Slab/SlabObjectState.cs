namespace IommuSpy.Linux.Slab;

/// <summary>Whether somebody owns an object.</summary>
public enum SlabObjectState
{
    /// <summary>Allocated.</summary>
    Live,

    /// <summary>On its slab's list of free objects.</summary>
    Free,

    /// <summary>Free, and kept by a CPU or a node for its next allocation: on a CPU's own list, or in a sheaf (6.18).</summary>
    FreeCached,

    /// <summary>Given back and not free before all readers are done (RCU).</summary>
    Freeing,

    /// <summary>Not known: a list of free objects of its slab is damaged.</summary>
    Unknown,
}
