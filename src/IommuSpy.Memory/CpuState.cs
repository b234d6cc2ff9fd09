using System.Collections.Immutable;

namespace IommuSpy.Memory;

/// <summary>
/// The registers of one CPU when the image was taken, as far as address translation needs them. What they mean is for the architecture to say.
/// </summary>
/// <param name="InstructionPointer">Where it was; null where that is not known.</param>
/// <param name="StackPointer">Where its stack was; null where that is not known.</param>
/// <param name="Registers">Control registers by the manual's names: "CR3" and its kin of x86-64. Those that the image has.</param>
public sealed record CpuState(VirtualAddress? InstructionPointer, VirtualAddress? StackPointer, ImmutableSortedDictionary<string, ulong> Registers)
{
    /// <summary>A register's value; null where the image does not have it.</summary>
    public ulong? Find(string register) => Registers.TryGetValue(register, out ulong value) ? value : null;

    /// <inheritdoc/>
    public bool Equals(CpuState? other) => other is not null
        && InstructionPointer == other.InstructionPointer && StackPointer == other.StackPointer && Registers.SequenceEqual(other.Registers);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(InstructionPointer, StackPointer, Registers.Count);

    /// <summary>A CPU with the registers named.</summary>
    internal static CpuState With(VirtualAddress? instructionPointer, VirtualAddress? stackPointer, params ReadOnlySpan<(string Name, ulong Value)> registers)
    {
        ImmutableSortedDictionary<string, ulong>.Builder named = ImmutableSortedDictionary.CreateBuilder<string, ulong>(StringComparer.Ordinal);
        foreach ((string name, ulong value) in registers)
        {
            named[name] = value;
        }

        return new(instructionPointer, stackPointer, named.ToImmutable());
    }
}
