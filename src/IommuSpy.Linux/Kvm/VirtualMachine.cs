using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kvm;

/// <summary>A virtual machine of KVM's (struct kvm). Immutable.</summary>
/// <param name="Address">Where its struct kvm is.</param>
/// <param name="Mm">The mm_struct of its process, whose memory is the machine's.</param>
/// <param name="Process">Its process; null where none has that mm_struct any more.</param>
/// <param name="Name">What its process's command line calls it (-name); null where it does not.</param>
/// <param name="Slots">Its memory, by space and address.</param>
/// <param name="Cpus">Its CPUs, by number.</param>
/// <param name="Damage">What of it could not be read or contradicts itself, a line each.</param>
public sealed record VirtualMachine(
    VirtualAddress Address, VirtualAddress Mm, KernelTask? Process, string? Name, IReadOnlyList<MemorySlot> Slots, IReadOnlyList<VirtualCpu> Cpus,
    IReadOnlyList<string> Damage)
{
    /// <summary>The top of its nested tables: that of the first of its CPUs that has one.</summary>
    public NestedRoot? Nested => Cpus.FirstOrDefault(cpu => cpu.Nested is not null)?.Nested;

    /// <summary>Whether any of its CPUs goes through shadows of the guest's own tables.</summary>
    public bool IsShadowed => Cpus.Any(cpu => cpu.IsShadowed);

    /// <summary>What the machine itself sees of its memory.</summary>
    public IEnumerable<MemorySlot> OwnSlots => Slots.Where(slot => slot.Space == 0);

    /// <summary>How much memory it has, aliases counted as often as it sees them.</summary>
    public ulong Bytes => OwnSlots.Aggregate(0UL, (sum, slot) => sum + slot.Bytes);

    /// <summary>The slot that holds a guest-physical address; null for none: a device's, or nobody's.</summary>
    public MemorySlot? SlotAt(PhysicalAddress address) => OwnSlots.FirstOrDefault(slot => slot.Range.Contains(address));

    /// <summary>"guest[141]", or "machine at 0x..." of one without a process.</summary>
    public override string ToString() => Process is null ? $"virtual machine at {Address}" : $"{Name ?? Process.Comm ?? "?"}[{Process.Pid}]";
}
