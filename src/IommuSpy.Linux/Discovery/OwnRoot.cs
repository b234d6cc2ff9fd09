using IommuSpy.Memory;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds the kernel's own top-level table: by its symbol, by the note's, or as the one that stands in the kernel's data.</summary>
internal static class OwnRoot
{
    /// <summary>Where it is; null where nothing tells.</summary>
    public static Fact<PhysicalAddress>? Find(KernelEvidence kernel) => Fact<PhysicalAddress>.From(
        kernel.NamedRoot(),
        kernel.Verified(kernel.NotedSymbol("swapper_pg_dir"), "VMCOREINFO swapper_pg_dir"),
        kernel.Verified(InImage(kernel) is PhysicalAddress found ? kernel.Text.ToVirtual(found) : null, "the root table in the kernel's image"));

    /// <summary>
    /// Where no symbol names it: the root table that stands in the kernel's own data and has a direct map. Of several it is the one that maps no user space: a
    /// process's may stand in memory that was the image's init section. Null where that does not tell.
    /// </summary>
    private static PhysicalAddress? InImage(KernelEvidence kernel)
    {
        if (kernel.Architecture.RootSymbols.Any(name => kernel.Symbol(name) is not null))
        {
            return null;
        }

        List<PhysicalAddress> found = [];
        for (ulong offset = 0; offset < kernel.Text.Length; offset += kernel.Candidate.Mode.Format.PageBytes)
        {
            if (kernel.Roots.At(kernel.Text.Physical + offset) is RootCandidate root && root.Mode.Levels == kernel.Candidate.Mode.Levels
                && DirectMapProbe.Find(root.Space(kernel.Memory), kernel.Architecture, kernel.Memory) is { MapsMemory: true })
            {
                found.Add(root.Address);
            }
        }

        PhysicalAddress[] kernels = [.. found.Where(root => !MapsUserSpace(kernel, root))];
        return kernels.Length == 1 ? kernels[0] : found.Count == 1 ? found[0] : null;
    }

    private static bool MapsUserSpace(KernelEvidence kernel, PhysicalAddress root)
    {
        if (kernel.Candidate.Mode.UpperRoot is not null)
        {
            return false;
        }

        byte[] lowerHalf = new byte[kernel.Candidate.Mode.UserEntries * sizeof(ulong)];
        return kernel.Memory.Read(root, lowerHalf) != lowerHalf.Length || lowerHalf.AsSpan().ContainsAnyExcept((byte)0);
    }
}
