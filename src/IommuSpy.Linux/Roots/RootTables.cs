using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Roots;

/// <summary>Every top-level table of a kernel, found by its shape and by the kernel's own list.</summary>
public static class RootTables
{
    /// <summary>Scans all of memory, with what is on the kernel's own list. In order of address.</summary>
    public static IReadOnlyList<RootTable> FindAll(LinuxKernel kernel) => FindAll(kernel, kernel.ProcessTables);

    /// <summary>Scans all of memory. In order of address.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="processes">The tables of its processes; null where they are not known.</param>
    public static IReadOnlyList<RootTable> FindAll(LinuxKernel kernel, IReadOnlyList<PhysicalAddress>? processes)
    {
        int levels = kernel.Mode.Levels;
        HashSet<PhysicalAddress> listed = [.. processes ?? []];
        MappedBytes mapped = new(kernel.Memory, kernel.Mode);
        SortedDictionary<PhysicalAddress, RootTable> found = [];
        foreach (RootCandidate candidate in kernel.Architecture.Roots(kernel.Memory).Candidates())
        {
            // A P4D of a 5-level kernel has the shape of a 4-level root; another kernel's tables have another text mapping.
            if (candidate.Mode.Levels == levels && candidate.Text.PhysicalBase == kernel.Text.PhysicalBase)
            {
                found[candidate.Address] = Describe(kernel, candidate.Address, processes is not null, listed, mapped);
            }
        }

        foreach (PhysicalAddress address in listed)
        {
            found.TryAdd(address, Describe(kernel, address, processes is not null, listed, mapped));
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

    private static RootTable Describe(LinuxKernel kernel, PhysicalAddress address, bool known, HashSet<PhysicalAddress> listed, MappedBytes mapped)
    {
        string? symbol = kernel.Text.PhysicalRange.Contains(address) ? kernel.Kallsyms?.Symbols.At(kernel.Text.ToVirtual(address))?.ToString() : null;
        RootKind kind = 0 switch
        {
            _ when address == kernel.Space.Root => RootKind.Kernel,
            _ when listed.Contains(address) => RootKind.Process,
            _ when kernel.Text.PhysicalRange.Contains(address) => RootKind.Boot,
            _ => known ? RootKind.Unlisted : RootKind.Unknown,
        };
        string? name = symbol ?? (kind == RootKind.Unlisted ? kernel.Architecture.NameOfUnlisted(address) : null);
        return new(address, kernel.Mode.Levels, kind, name, mapped.InUserSpace(address));
    }
}
