using IommuSpy.Linux.Kvm;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.VirtualMachines;

/// <summary>A virtual machine of a host.</summary>
/// <param name="Machine">What the kernel keeps of it.</param>
/// <param name="Memory">Where its memory is.</param>
/// <param name="MappedPages">Pages that its nested tables map, of 4 KiB; null where it has none now.</param>
/// <param name="IsCountWhole">Whether all of its nested tables could be read.</param>
public sealed record VirtualMachineReport(VirtualMachine Machine, GuestMemory Memory, ulong? MappedPages, bool IsCountWhole)
{
    /// <summary>The PCI functions that it was given, by VFIO: "0000:00:05.0".</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>All machines of a host, each with what is mapped.</summary>
    /// <exception cref="Linux.Types.MissingTypeException">The host's kernel does not tell.</exception>
    public static IEnumerable<VirtualMachineReport> All(Machine host)
    {
        foreach (VirtualMachine machine in host.Parts.VirtualMachines.Required.Machines)
        {
            PageCount count = default;
            WalkSummary? walk = machine.Nested?.In(host.Kernel.Memory).Visit(ref count);
            yield return new(
                machine, GuestMemory.Of(host.Parts, machine), walk is null ? null : count.Pages, walk is null or { MissingTables: 0, LimitReached: false })
            {
                Devices = host.Parts.Vfio.Value is not { Containers.Count: > 0 } ? []
                    : [.. host.Devices.Devices.Where(device => device.Owner?.Machines.Contains(machine) == true).Select(device => device.Address.ToString())],
            };
        }
    }

    private struct PageCount : ICpuLeafVisitor
    {
        public ulong Pages;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat => Pages += leaf.Bytes >> PageFrame.Shift;
    }
}
