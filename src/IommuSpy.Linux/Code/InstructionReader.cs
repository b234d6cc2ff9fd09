using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Reads the instructions of an architecture.</summary>
public abstract class InstructionReader
{
    /// <summary>Reads one instruction after the other; what is none is one byte, and reading goes on behind it.</summary>
    /// <param name="code">The bytes; an instruction that they cut off is none.</param>
    /// <param name="start">Where they are.</param>
    /// <param name="syntax">How the text is spelled.</param>
    public abstract IEnumerable<Instruction> Read(ReadOnlyMemory<byte> code, VirtualAddress start, AssemblySyntax syntax);
}
