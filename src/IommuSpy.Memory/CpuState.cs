using System.Collections.Immutable;

namespace IommuSpy.Memory;

/// <summary>
/// The registers of one CPU when the image was taken, as far as address translation needs them. What they mean is for the architecture to say.
/// </summary>
/// <param name="InstructionPointer">Where it was.</param>
/// <param name="StackPointer">Where its stack was.</param>
/// <param name="Registers">Control registers by the manual's names: "CR3" and its kin of x86-64. Those that the image has.</param>
public sealed record CpuState(VirtualAddress InstructionPointer, VirtualAddress StackPointer, ImmutableSortedDictionary<string, ulong> Registers)
{
    /// <summary>A register's value; null where the image does not have it.</summary>
    public ulong? Find(string register) => Registers.TryGetValue(register, out ulong value) ? value : null;

    /// <inheritdoc/>
    public bool Equals(CpuState? other) => other is not null
        && InstructionPointer == other.InstructionPointer && StackPointer == other.StackPointer && Registers.SequenceEqual(other.Registers);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(InstructionPointer, StackPointer, Registers.Count);

    /// <summary>A CPU with the control registers of x86-64.</summary>
    internal static CpuState X64(VirtualAddress instructionPointer, VirtualAddress stackPointer, ulong cr0, ulong cr3, ulong cr4) =>
        new(instructionPointer, stackPointer,
            ImmutableSortedDictionary.CreateRange<string, ulong>(StringComparer.Ordinal, [new("CR0", cr0), new("CR3", cr3), new("CR4", cr4)]));
}
