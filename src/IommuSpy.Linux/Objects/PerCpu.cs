using System.Buffers.Binary;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>
/// Where each CPU keeps its own copy of a per-CPU variable: at the variable's address plus the CPU's offset (include/asm-generic/percpu.h, __per_cpu_offset).
/// </summary>
/// <param name="Offsets">The offset of each possible CPU, by number.</param>
public sealed record PerCpu(IReadOnlyList<ulong> Offsets)
{
    // CONFIG_NR_CPUS is at most this on x86-64.
    private const int MaxCpus = 8192;

    /// <summary>Where the variables of the kernel's image begin: 0 before 6.15, an address since.</summary>
    public VirtualAddress Start { get; init; }

    /// <summary>Where they end, exclusive; the same as <see cref="Start"/> where this kernel does not tell.</summary>
    public VirtualAddress End { get; init; }

    /// <summary>Reads the offsets; an empty list where this kernel does not tell.</summary>
    public static PerCpu Of(KernelObjects objects) => Of(objects.Kernel);

    /// <summary>Reads the offsets, which takes no description of types; an empty list where this kernel does not tell.</summary>
    public static PerCpu Of(LinuxKernel kernel)
    {
        SymbolTable? symbols = kernel.Kallsyms?.Symbols;
        if (symbols is null || !symbols.TryFind("__per_cpu_offset", out Symbol array) || !symbols.TryFind("nr_cpu_ids", out Symbol count))
        {
            return new([]);
        }

        Span<byte> number = stackalloc byte[sizeof(uint)];
        if (kernel.Space.Read(count.Address, number) != number.Length
            || BinaryPrimitives.ReadUInt32LittleEndian(number) is not (uint cpus and > 0 and <= MaxCpus))
        {
            return new([]);
        }

        List<ulong> offsets = [];
        for (uint cpu = 0; cpu < cpus && kernel.Space.TryRead(array.Address + (cpu * (ulong)sizeof(ulong)), out ulong offset); cpu++)
        {
            offsets.Add(offset);
        }

        bool isBounded = symbols.TryFind("__per_cpu_start", out Symbol start) & symbols.TryFind("__per_cpu_end", out Symbol end)
            && start.Address.Value < end.Address.Value;
        return new(offsets) { Start = isBounded ? start.Address : default, End = isBounded ? end.Address : default };
    }

    /// <summary>A CPU's copy.</summary>
    /// <param name="cpu">The CPU's number.</param>
    /// <param name="variable">What the symbol or the pointer says: an address in the per-CPU area, or an offset in it before 6.15.</param>
    public VirtualAddress Address(int cpu, VirtualAddress variable) => variable + Offsets[cpu];

    /// <summary>Whether a symbol of the kernel's image is a per-CPU one.</summary>
    public bool Contains(VirtualAddress variable) => Start.Value <= variable.Value && variable.Value < End.Value;

    /// <summary>Whose copy of which per-CPU variable of the kernel's image is at an address; null for none.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The CPU, and the address that the variable's symbol has, with the distance into it.</returns>
    public (int Cpu, VirtualAddress Variable)? At(VirtualAddress address)
    {
        for (int cpu = 0; cpu < Offsets.Count; cpu++)
        {
            VirtualAddress variable = new(unchecked(address.Value - Offsets[cpu]));
            if (Contains(variable))
            {
                return (cpu, variable);
            }
        }

        return null;
    }
}
