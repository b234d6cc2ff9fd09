using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Roots;

/// <summary>Every top-level table of a kernel, found by its shape and by the kernel's own list.</summary>
public static class RootTables
{
    /// <summary>Scans all of memory. In order of address.</summary>
    public static IReadOnlyList<RootTable> FindAll(LinuxKernel kernel)
    {
        int levels = kernel.Mode.Levels;
        HashSet<PhysicalAddress> listed = [.. kernel.ProcessTables ?? []];
        MappedBytes mapped = new(kernel.Memory, kernel.Mode);
        SortedDictionary<PhysicalAddress, RootTable> found = [];
        foreach (RootCandidate candidate in kernel.Architecture.Roots(kernel.Memory).Candidates())
        {
            // A P4D of a 5-level kernel has the shape of a 4-level root; another kernel's tables have another text mapping.
            if (candidate.Mode.Levels == levels && candidate.Text.PhysicalBase == kernel.Text.PhysicalBase)
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
            if (kernel.Architecture.UserHalfOf(kernel, address) is PhysicalAddress other && !listed.Contains(other))
            {
                found[other] = new(other, levels, RootKind.PtiUserHalf, $"of {address}", mapped.InUserSpace(other));
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
        string? name = symbol ?? (kind == RootKind.Unlisted ? kernel.Architecture.NameOfUnlisted(address) : null);
        return new(address, kernel.Mode.Levels, kind, name, mapped.InUserSpace(address));
    }
}
