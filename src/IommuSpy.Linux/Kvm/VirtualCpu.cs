using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Kvm;

/// <summary>A virtual machine's CPU (struct kvm_vcpu). Null is a stated absence.</summary>
/// <param name="Address">Where its struct kvm_vcpu is.</param>
/// <param name="Number">Its number.</param>
/// <param name="Thread">The host's task that runs it; null where none has yet.</param>
/// <param name="HostCpu">The host's CPU that it is loaded on; null while it is on none.</param>
/// <param name="IsInGuest">Whether that CPU runs the guest at this moment: its registers are the guest's then.</param>
/// <param name="State">Whether it runs: "running", "halted", "not started"... (KVM_GET_MP_STATE).</param>
/// <param name="Registers">CR0, CR3, CR4 and EFER as the guest believes them, those that KVM keeps; and where it was.</param>
/// <param name="Nested">The tables that translate its guest-physical addresses; null where it has none now.</param>
/// <param name="IsShadowed">Whether its guest's own tables are shadowed in place of such: what translates guest-virtual addresses in one step.</param>
public sealed record VirtualCpu(
    VirtualAddress Address, int Number, int? Thread, int? HostCpu, bool IsInGuest, string? State, CpuState Registers, NestedRoot? Nested, bool IsShadowed);

/// <summary>The top of the tables that translate a virtual machine's guest-physical addresses.</summary>
/// <param name="Root">Their top table.</param>
/// <param name="Levels">Their depth.</param>
public sealed record NestedRoot(PhysicalAddress Root, int Levels)
{
    /// <summary>How the CPU reads them.</summary>
    public required PagingMode Mode { get; init; }

    /// <summary>The tables, whose addresses are guest-physical.</summary>
    /// <param name="host">The host's memory.</param>
    public AddressSpace In(PhysicalMemory host) => AddressSpace.Of(host, Root, Mode);
}
