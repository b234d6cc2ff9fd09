using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>Where each CPU keeps its own copy of a per-CPU variable: at the variable's address plus the CPU's offset (include/asm-generic/percpu.h, __per_cpu_offset).</summary>
/// <param name="Offsets">The offset of each possible CPU, by number.</param>
public sealed record PerCpu(IReadOnlyList<ulong> Offsets)
{
    // CONFIG_NR_CPUS is at most this on x86-64.
    private const int MaxCpus = 8192;

    /// <summary>Reads the offsets; an empty list where this kernel does not tell.</summary>
    public static PerCpu Of(KernelObjects objects)
    {
        if (objects.Variable("__per_cpu_offset") is not VirtualAddress array
            || objects.Variable("nr_cpu_ids") is not VirtualAddress count || objects.Number(count, sizeof(uint)) is not (ulong cpus and > 0 and <= MaxCpus))
        {
            return new([]);
        }

        List<ulong> offsets = [];
        for (ulong cpu = 0; cpu < cpus && objects.Word(array + (cpu * sizeof(ulong))) is ulong offset; cpu++)
        {
            offsets.Add(offset);
        }

        return new(offsets);
    }

    /// <summary>A CPU's copy.</summary>
    /// <param name="cpu">The CPU's number.</param>
    /// <param name="variable">What the symbol or the pointer says: an address in the per-CPU area, or an offset in it before 6.15.</param>
    public VirtualAddress Address(int cpu, VirtualAddress variable) => variable + Offsets[cpu];
}
