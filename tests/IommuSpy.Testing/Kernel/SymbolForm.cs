namespace IommuSpy.Testing.Kernel;

/// <summary>How a built kernel keeps its symbol table.</summary>
public enum SymbolForm
{
    /// <summary>It keeps none: CONFIG_KALLSYMS is off.</summary>
    None,

    /// <summary>2.6.10 to 4.5: 64-bit addresses and markers, addresses first.</summary>
    Absolute,

    /// <summary>4.20 to 6.3: 32-bit offsets, absolute-percpu, 32-bit markers, offsets first.</summary>
    Offsets,

    /// <summary>6.4 to 6.14: the same, offsets last.</summary>
    OffsetsLast,
}
