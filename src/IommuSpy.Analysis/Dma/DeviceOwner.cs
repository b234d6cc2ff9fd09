using IommuSpy.Linux;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Vfio;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Dma;

/// <summary>Who has a device for itself, by VFIO: a process, and the virtual machine that it runs with the device.</summary>
/// <param name="Container">The container that the device's group is in.</param>
/// <param name="Machines">The virtual machines that the group was given to, or whose memory the container's mappings are; empty for none.</param>
/// <param name="Budget">What following mappings through the slots of machines may cost.</param>
internal sealed record DeviceOwner(VfioContainer Container, IReadOnlyList<VirtualMachine> Machines, WorkBudget Budget)
{
    /// <summary>The owner of what is in a container.</summary>
    public static DeviceOwner Of(KernelParts parts, VfioContainer container)
    {
        return new(container, [.. (parts.VirtualMachines.Value?.Machines ?? []).Where(machine =>
            container.Machines.Contains(machine.Address) || container.Mappings.Any(mapping => mapping.Mm == machine.Mm))],
            parts.Kernel.Memory.Budget);
    }

    /// <summary>The process whose memory a mapping is; null where none has it any more.</summary>
    public KernelTask? ProcessOf(VfioMapping mapping) => mapping.Mm is VirtualAddress mm
        ? Container.Owners.FirstOrDefault(task => task.Mm == mm) ?? Machines.FirstOrDefault(machine => machine.Mm == mm)?.Process
        : Container.Owners is [KernelTask only] ? only : null;

    /// <summary>What the container's mappings are, in order of the devices' addresses; split where a virtual machine's memory is split.</summary>
    public IReadOnlyList<GivenRange> Ranges => [.. Container.Mappings.SelectMany(Split)];

    /// <summary>The piece that holds an address of the devices; null where they were given nothing there.</summary>
    public GivenRange? RangeAt(IoVirtualAddress address) => Container.MappingAt(address) is VfioMapping mapping
        ? Split(mapping).FirstOrDefault(range => address.Value - range.Iova.Value < range.Bytes) : null;

    /// <summary>"virtual machine guest[141]" or "usermapping[279]".</summary>
    public override string ToString() => Machines.Count > 0 ? $"virtual machine {string.Join(", ", Machines)}" : string.Join(", ", Container.Owners);

    private IEnumerable<GivenRange> Split(VfioMapping mapping)
    {
        KernelTask? process = ProcessOf(mapping);
        VirtualMachine? machine = Machines.FirstOrDefault(one => one.Mm == mapping.Mm);
        MemorySlot[] slots = [.. machine?.OwnSlots ?? []];
        WorkAllowance allowance = new(Budget, Work.Steps, long.MaxValue);
        try
        {
            for (ulong done = 0; done < mapping.Bytes;)
            {
                VirtualAddress at = mapping.Virtual + done;
                MemorySlot? slot = Array.Find(slots, one => at.Value - one.User.Value < one.Bytes);
                ulong bytes = mapping.Bytes - done;
                foreach (MemorySlot one in slots)
                {
                    if (!allowance.TryUse())
                    {
                        // The budget says that it ran out.
                        yield break;
                    }

                    bytes = Math.Min(bytes, Math.Min(Border(one.User.Value - at.Value), Border(one.User.Value + one.Bytes - at.Value)));
                }

                yield return new(
                    mapping.Start + done, bytes, mapping.Readable, mapping.Writable, at, process, slot is null ? null : machine, slot is null ? null
                        : slot.Start + (at.Value - slot.User.Value));
                done += bytes;
            }
        }
        finally
        {
            allowance.Finish();
        }

        // What lies behind the address ends nothing, nor does the address itself.
        static ulong Border(ulong distance) => distance > 0 ? distance : ulong.MaxValue;
    }
}
