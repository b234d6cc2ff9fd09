using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Roots;

/// <summary>Every top-level table of a kernel, found by its shape and by the kernel's own list.</summary>
public static class RootTables
{
    private const ulong OneMiB = 1UL << 20;
    private const ulong PtiUserHalf = 1UL << PageFrame.Shift;
    private const ulong LowerHalfEntries = 256;
    private const ulong TextEntry = 511;

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

        // Both halves are one allocation of two pages (arch/x86/mm/pti.c): the user half is the page after the kernel half, and maps the same user space.
        foreach (PhysicalAddress address in listed.Append(kernel.Space.Root).ToArray())
        {
            PhysicalAddress other = address + PtiUserHalf;
            if (address.Value % (2 * PtiUserHalf) == 0 && !listed.Contains(other) && IsUserHalf(kernel, address, other))
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

    // The user half shares every lower-half table with the kernel half; entries differ only in NX, which the kernel half sets (pti.c, __pti_set_user_pgtbl). Of the
    // upper half it has only what entering the kernel takes: some tables shared (cpu_entry_area), and one of its own to the entry code.
    private static bool IsUserHalf(LinuxKernel kernel, PhysicalAddress kernelHalf, PhysicalAddress userHalf)
    {
        bool shares = false;
        bool lacks = false;
        for (ulong i = 0; i < TextEntry; i++)
        {
            if (!kernel.Memory.TryRead(kernelHalf + (i * sizeof(ulong)), out ulong mine) || !kernel.Memory.TryRead(userHalf + (i * sizeof(ulong)), out ulong its))
            {
                return false;
            }

            bool same = X64Format.Target(mine) == X64Format.Target(its);
            switch ((X64Format.IsPresent(mine), X64Format.IsPresent(its)))
            {
                case (true, true) when same:
                    shares = true;
                    break;
                case (true, false) when i >= LowerHalfEntries:
                    lacks = true;
                    break;
                case (false, false):
                    break;
                default:
                    return false;
            }
        }

        return (shares || lacks)
            && kernel.Memory.TryRead(kernelHalf + (TextEntry * sizeof(ulong)), out ulong top) && kernel.Memory.TryRead(userHalf + (TextEntry * sizeof(ulong)), out ulong userTop)
            && X64Format.IsPresent(userTop) && X64Format.Target(top) != X64Format.Target(userTop)
            && kernel.Memory.Contains(new(X64Format.Target(userTop & kernel.Facts.EntryMask.Value)));
    }
}
