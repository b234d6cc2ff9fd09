namespace IommuSpy.Linux.Code;

/// <summary>How assembly language is spelled, on architectures that have two ways.</summary>
public enum AssemblySyntax
{
    /// <summary>As the kernel's own sources and objdump have it: the destination last, registers with %.</summary>
    Att,

    /// <summary>As Intel's manuals have it: the destination first.</summary>
    Intel,
}
