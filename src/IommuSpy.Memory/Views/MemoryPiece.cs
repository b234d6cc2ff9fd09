namespace IommuSpy.Memory.Views;

/// <summary>A run of one memory that shows a part of another: of a virtual machine's, what its host has for it.</summary>
/// <param name="Range">The run, in the memory that shows.</param>
/// <param name="Source">Where it begins in the other memory; null for what is not there.</param>
/// <param name="Absence">Of what is not there, why, to stand behind "is"; null for what reads as zeros since nobody ever wrote to it.</param>
public readonly record struct MemoryPiece(PhysicalRange Range, PhysicalAddress? Source, string? Absence = null)
{
    /// <summary>Whether it reads as zeros.</summary>
    public bool IsZeros => Source is null && Absence is null;
}
