namespace IommuSpy.Linux.Inference;

/// <summary>What pins an inferred field down.</summary>
public enum InferenceConfidence
{
    /// <summary>It is the only offset at which the invariant holds for every object.</summary>
    Unique,

    /// <summary>The invariant leaves several offsets, and the order in which every release declares those fields tells which is which.</summary>
    DeclarationOrder,

    /// <summary>Documentation or the kernel itself gives the offset, and the invariant holds there for every object.</summary>
    Confirmed,
}
