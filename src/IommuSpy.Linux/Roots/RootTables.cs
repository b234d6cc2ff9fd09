using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Roots;

/// <summary>Every top-level table of a kernel, found by its shape and by the kernel's own list.</summary>
public static class RootTables
{
    private const ulong OneMiB = 1UL << 20;
    private const ulong PtiUserHalf = 1UL << PageFrame.Shift;
    private const int LowerHalfEntries = 256;

    /// <summary>Scans all of memory. In order of address.</summary>
    public static IReadOnlyList<RootTable> FindAll(LinuxKernel kernel)
    {
        int levels = kernel.Facts.PagingLevels.Value;
        HashSet<PhysicalAddress> listed = [.. kernel.ProcessTables ?? []];
        SortedDictionary<PhysicalAddress, RootTable> found = [];
        RootScan scan = new(kernel.Memory);
        foreach (RootCandidate candidate in scan.Candidates())
        {
            // A P4D of a 5-level kernel has the shape of a 4-level root; another kernel's tables have another text mapping.
            if (candidate.Levels == levels && candidate.Text.PhysicalBase == kernel.Text.PhysicalBase)
            {
                found[candidate.Address] = Describe(kernel, candidate.Address, listed);
            }
        }

        foreach (PhysicalAddress address in listed)
        {
            found.TryAdd(address, Describe(kernel, address, listed));
        }

        // Both halves are one allocation of two pages (arch/x86/mm/pti.c): the user half is the page after the kernel half, and maps the same user space.
        foreach (PhysicalAddress address in listed.Append(kernel.Space.Root).ToArray())
        {
            PhysicalAddress other = address + PtiUserHalf;
            if (address.Value % (2 * PtiUserHalf) == 0 && !listed.Contains(other) && IsUserHalf(kernel, address, other))
            {
                found[other] = new(other, levels, RootKind.PtiUserHalf, $"of {address}", UserBytes(kernel, other));
            }
        }

        return [.. found.Values];
    }

    private static RootTable Describe(LinuxKernel kernel, PhysicalAddress address, HashSet<PhysicalAddress> listed)
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
        return new(address, kernel.Facts.PagingLevels.Value, kind, name, UserBytes(kernel, address));
    }

    // The user half shares every lower-half table with the kernel half; entries differ only in NX, which the kernel half sets (pti.c, __pti_set_user_pgtbl).
    private static bool IsUserHalf(LinuxKernel kernel, PhysicalAddress kernelHalf, PhysicalAddress userHalf)
    {
        bool any = false;
        for (ulong i = 0; i < LowerHalfEntries; i++)
        {
            if (!kernel.Memory.TryRead(kernelHalf + (i * sizeof(ulong)), out ulong mine) || !kernel.Memory.TryRead(userHalf + (i * sizeof(ulong)), out ulong its))
            {
                return false;
            }

            if ((mine & X64Entry.Present) != (its & X64Entry.Present)
                || ((mine & X64Entry.Present) != 0 && X64Format.Target(mine) != X64Format.Target(its)))
            {
                return false;
            }

            any |= (mine & X64Entry.Present) != 0;
        }

        // Entries 511 of both lead to the kernel's text; the user half to a table of its own that maps only the entry code.
        return any
            && kernel.Memory.TryRead(kernelHalf + (511 * sizeof(ulong)), out ulong top) && kernel.Memory.TryRead(userHalf + (511 * sizeof(ulong)), out ulong userTop)
            && (userTop & X64Entry.Present) != 0 && X64Format.Target(top) != X64Format.Target(userTop);
    }

    private static ulong UserBytes(LinuxKernel kernel, PhysicalAddress root)
    {
        X64AddressSpace space = kernel.SpaceOf(root);
        MappedBytes mapped = new();
        space.Visit(new(0), new((1UL << (space.AddressBits - 1)) - 1), ref mapped);
        return mapped.Bytes;
    }

    private struct MappedBytes : ILeafVisitor
    {
        public ulong Bytes { get; private set; }

        public void Leaf(ulong address, int level, ulong entry, ulong grants) => Bytes += 1UL << (3 + (9 * level));
    }
}
