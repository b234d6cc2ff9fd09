using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>An instruction of the machine's CPU.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Bytes">Its bytes; of what is no instruction, one.</param>
/// <param name="Text">The instruction in assembly language; "(bad)" of what is none.</param>
/// <param name="Target">Where it goes, or what it reads, writes or takes the address of, where the instruction alone says that.</param>
/// <param name="Leaves">Whether it goes there: a jump or a call.</param>
/// <param name="PerCpu">What it names in the CPU's own memory, as the symbol of a per-CPU variable has it; null for nothing.</param>
public readonly record struct Instruction(
    VirtualAddress Address, ReadOnlyMemory<byte> Bytes, string Text, VirtualAddress? Target, bool Leaves, VirtualAddress? PerCpu = null)
{
    /// <summary>The text of what is no instruction.</summary>
    internal const string Bad = "(bad)";

    /// <summary>Whether it is an instruction.</summary>
    public bool IsOne => Text != Bad;
}
