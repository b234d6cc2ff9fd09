using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>The bases that the kernel chooses for the direct map, vmalloc space and vmemmap.</summary>
internal sealed class KernelBases(KernelEvidence kernel, AddressSpace space)
{
    /// <summary>
    /// One of them. The variable says it exactly, and is believed where the tables bear it out; they are what the CPU goes by, so where they contradict it (it
    /// was overwritten, or the memory is of another moment) they are believed, and the variable is kept as the one that disagrees.
    /// </summary>
    /// <param name="variable">The kernel's variable.</param>
    /// <param name="probed">Where the tables have it; null where they do not tell.</param>
    /// <param name="isBorneOut">Whether the tables map there what they should.</param>
    public Fact<VirtualAddress>? Find(string variable, VirtualAddress? probed, Func<VirtualAddress, bool> isBorneOut)
    {
        Witness<VirtualAddress>? tables = probed is VirtualAddress address ? new(address, "page tables") : null;
        if (kernel.Variable(variable) is not (ulong value and not 0))
        {
            return Fact<VirtualAddress>.From(tables);
        }

        Witness<VirtualAddress> said = new(new(value), $"kallsyms {variable}");
        (VirtualAddress first, VirtualAddress last) = kernel.Architecture.ChosenSpace(space.Mode);
        bool possible = value % kernel.Architecture.BaseAlignment == 0 && said.Value.CompareTo(first) >= 0 && said.Value.CompareTo(last) <= 0;
        return (possible && isBorneOut(said.Value)) switch
        {
            true => Fact<VirtualAddress>.From(said, tables),
            false when tables is not null => Fact<VirtualAddress>.From(tables, said),
            false => null,
        };
    }
}
