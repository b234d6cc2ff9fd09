using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Code;

/// <summary>A run of memory that the kernel can execute.</summary>
/// <param name="Start">First address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Physical">Where that is in physical memory; the run is one there, too.</param>
internal readonly record struct ExecutableRun(VirtualAddress Start, ulong Length, PhysicalAddress Physical);

/// <summary>All memory that the kernel can execute in its own mode, by its page tables: whatever runs there is in it. Immutable; safe to share.</summary>
internal sealed class ExecutableMemory
{
    private readonly ExecutableRun[] _runs;

    private ExecutableMemory(ExecutableRun[] runs, string? damage)
    {
        _runs = runs;
        Damage = damage;
    }

    /// <summary>Its runs, by address.</summary>
    public IReadOnlyList<ExecutableRun> Runs => _runs;

    /// <summary>Why some may be missing; null where all are there.</summary>
    public string? Damage { get; }

    /// <summary>Reads a kernel's own tables.</summary>
    public static ExecutableMemory Of(LinuxKernel kernel)
    {
        Collector collector = new(kernel.Memory.Budget, []);
        WalkSummary summary = kernel.Space.Visit(new(ulong.MaxValue << (kernel.Space.AddressBits - 1)), new(ulong.MaxValue), ref collector);
        collector.Finish();
        return new([.. collector.Runs], summary.MissingTables > 0 ? "tables of the kernel are missing in the image: memory that it can execute may be, too"
            : summary.LimitReached || collector.IsFull ? "the kernel's tables map more memory than is looked at"
            : null);
    }

    /// <summary>The run that an address falls into; null for none.</summary>
    public ExecutableRun? At(VirtualAddress address)
    {
        int low = 0, high = _runs.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_runs[middle].Start.Value <= address.Value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && address - _runs[low - 1].Start < _runs[low - 1].Length ? _runs[low - 1] : null;
    }

    private struct Collector(WorkBudget budget, List<ExecutableRun> runs) : ICpuLeafVisitor
    {
        private const long MostRuns = 1 << 20;

        private WorkAllowance _allowance = new(budget, Work.Extents, MostRuns);

        public readonly IReadOnlyList<ExecutableRun> Runs => runs;

        public bool IsFull { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            if (!leaf.Rights.HasFlag(AccessRights.Execute))
            {
                return;
            }

            ExecutableRun run = new(leaf.Address, leaf.Bytes, leaf.Physical);
            if (runs.Count > 0 && runs[^1] is var last && last.Start + last.Length == run.Start && last.Physical + last.Length == run.Physical)
            {
                runs[^1] = last with { Length = last.Length + run.Length };
            }
            else if (_allowance.TryUse())
            {
                runs.Add(run);
            }
            else
            {
                IsFull = true;
            }
        }

        public void Finish() => _allowance.Finish();
    }
}
