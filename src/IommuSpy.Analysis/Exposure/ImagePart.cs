namespace IommuSpy.Analysis.Exposure;

/// <summary>A part of the kernel's image.</summary>
public enum ImagePart
{
    /// <summary>Code.</summary>
    Text,

    /// <summary>What code reads and nobody writes: system call table, operations of drivers.</summary>
    Rodata,

    /// <summary>Variables.</summary>
    Data,
}
