using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds a kernel's note for crash dump tools among all that the image and the kernel's memory hold: another boot's may stand there too.</summary>
internal static class KernelNote
{
    // The kernel's own limit (VMCOREINFO_BYTES) where pages are of this size, the least.
    private const int TextBytes = 4096;

    /// <summary>The note; null where none is this kernel's.</summary>
    public static VmCoreInfoNote? Find(KernelEvidence kernel) => InReach(kernel).FirstOrDefault(note =>
        (kernel.Release is not Fact<string> release || release.Witnesses.Any(said => string.Equals(note.Release, said.Value, StringComparison.Ordinal)))
        && (KernelEvidence.NotedSymbol(note, "_stext") is not VirtualAddress stext
            || (kernel.Symbol("_stext") is Symbol symbol ? symbol.Address == stext : kernel.Text.Contains(stext)))
        && (kernel.Architecture.PhysicalBaseOf(note) is not ulong physicalBase || physicalBase == kernel.Text.PhysicalBase));

    private static IEnumerable<VmCoreInfoNote> InReach(KernelEvidence kernel)
    {
        foreach (VmCoreInfoNote note in KernelPlace.Notes(kernel.Image, kernel.Memory))
        {
            yield return note;
        }

        if (InKernel(kernel) is VmCoreInfoNote inMemory)
        {
            yield return inMemory;
        }

        // Without a symbol nothing leads to the kernel's own: all of memory is searched.
        foreach (VmCoreInfoNote note in kernel.ListsVariables ? [] : VmCoreInfoScan.FindAll(kernel.Memory))
        {
            yield return note;
        }
    }

    /// <summary>The text that vmcoreinfo_data leads to: an array until 4.12, a pointer since (kernel/crash_core.c).</summary>
    private static VmCoreInfoNote? InKernel(KernelEvidence kernel)
    {
        if (kernel.Symbol("vmcoreinfo_data") is not Symbol data || !kernel.Text.Contains(data.Address))
        {
            return null;
        }

        // The candidate may be a table for some purpose, without a direct map: the real-mode trampoline's of x86-64 before 5.17.
        AddressSpace space = kernel.SpaceOf(kernel.NamedRoot()?.Value ?? kernel.Candidate.Address);
        byte[] text = new byte[TextBytes];
        foreach (VirtualAddress at in (VirtualAddress[])[data.Address, new(kernel.Variable("vmcoreinfo_data") ?? 0)])
        {
            int length = space.Read(at, text);
            if (VmCoreInfoNote.TryParse(text.AsSpan(0, length), out VmCoreInfoNote? parsed))
            {
                return parsed;
            }
        }

        return null;
    }
}
