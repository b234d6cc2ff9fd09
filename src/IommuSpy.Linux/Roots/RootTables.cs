using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Roots;

/// <summary>Every top-level table of a kernel, found by its shape and by the kernel's own list.</summary>
public static class RootTables
{
    private const ulong OneMiB = 1UL << 20;

    /// <summary>Scans all of memory. In order of address.</summary>
    public static IReadOnlyList<RootTable> FindAll(LinuxKernel kernel)
    {
        int levels = kernel.Facts.PagingLevels.Value;
        HashSet<PhysicalAddress> listed = [.. kernel.ProcessTables ?? []];
        MappedBytes mapped = new(kernel.Memory, kernel.Facts.EntryMask.Value);
        SortedDictionary<PhysicalAddress, RootTable> found = [];
        RootScan scan = new(kernel.Memory);
        foreach (RootCandidate candidate in scan.Candidates())
        {
            // A P4D of a 5-level kernel has the shape of a 4-level root; another kernel's tables have another text mapping.
            if (candidate.Levels == levels && candidate.Text.PhysicalBase == kernel.Text.PhysicalBase)
            {
                found[candidate.Address] = Describe(kernel, candidate.Address, listed, mapped);
            }
        }

        foreach (PhysicalAddress address in listed)
        {
            found.TryAdd(address, Describe(kernel, address, listed, mapped));
        }

        foreach (PhysicalAddress address in listed.Append(kernel.Space.Root).ToArray())
        {
            if (PageTableIsolation.UserHalfOf(kernel, address) is PhysicalAddress other && !listed.Contains(other))
            {
                found[other] = new(other, levels, RootKind.PtiUserHalf, $"of {address}", mapped.InLowerHalf(other, levels));
            }
        }

        return [.. found.Values];
    }

    private static RootTable Describe(LinuxKernel kernel, PhysicalAddress address, HashSet<PhysicalAddress> listed, MappedBytes mapped)
    {
        string? symbol = kernel.Text.PhysicalRange.Contains(address) ? kernel.Kallsyms?.Symbols.At(kernel.Text.ToVirtual(address))?.ToString() : null;
        RootKind kind = 0 switch
        {
            _ when address == kernel.Space.Root => RootKind.Kernel,
            _ when listed.Contains(address) => RootKind.Process,
            _ when kernel.Text.PhysicalRange.Contains(address) => RootKind.Boot,
            _ => kernel.ProcessTables is null ? RootKind.Unknown : RootKind.Unlisted,
        };
        string? name = symbol ?? (kind == RootKind.Unlisted && address.Value < OneMiB ? "in low memory: the real-mode trampoline's" : null);
        int levels = kernel.Facts.PagingLevels.Value;
        return new(address, levels, kind, name, mapped.InLowerHalf(address, levels));
    }
}
