namespace IommuSpy.Memory.Formats.Elf;

/// <summary>A program header (System V gABI, chapter 5, Elf64_Phdr).</summary>
/// <param name="Type">What it describes.</param>
/// <param name="Offset">File offset of its bytes (p_offset).</param>
/// <param name="VirtualAddress">p_vaddr.</param>
/// <param name="PhysicalAddress">p_paddr.</param>
/// <param name="FileBytes">Bytes in the file (p_filesz).</param>
/// <param name="MemoryBytes">Bytes in memory (p_memsz).</param>
internal readonly record struct ElfProgramHeader(uint Type, ulong Offset, ulong VirtualAddress, ulong PhysicalAddress, ulong FileBytes, ulong MemoryBytes)
{
    /// <summary>PT_LOAD: memory.</summary>
    internal const uint Load = 1;

    /// <summary>PT_NOTE: notes.</summary>
    internal const uint Note = 4;
}
