namespace IommuSpy.Memory;

/// <summary>Kinds of work that a <see cref="WorkBudget"/> counts.</summary>
public enum Work
{
    /// <summary>Tables of CPUs and IOMMUs that are visited.</summary>
    Tables,

    /// <summary>Runs of mapped pages that are kept.</summary>
    Extents,

    /// <summary>Elements of lists and nodes of trees that are followed.</summary>
    Steps,

    /// <summary>Tables that one walk visits once more, since several entries lead to them.</summary>
    Repeats,

    /// <summary>Pages that devices are let at, each looked at by itself.</summary>
    Pages,
}
