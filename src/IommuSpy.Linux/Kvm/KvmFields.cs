using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Kvm;

/// <summary>
/// What is read of KVM's structures (include/linux/kvm_host.h, arch/x86/include/asm/kvm_host.h), with the names that other releases have for it.
/// </summary>
internal sealed class KvmFields
{
    public KvmFields(KernelTypes types)
    {
        Machine = types.Struct("kvm");
        Link = Machine.Field("vm_list");
        Memory = Machine.Field("mm");
        SlotSets = Machine.Field("memslots");
        Online = Machine.Find("online_vcpus.counter");

        // An array of pointers until 5.16; an xarray since (c5b077549136).
        CpuArray = Machine.Find("vcpu_array");
        CpuPointers = Machine.Find("vcpus");

        Slot = types.Struct("kvm_memory_slot");
        SlotFrame = Slot.Field("base_gfn");
        SlotPages = Slot.Field("npages");
        SlotUser = Slot.Field("userspace_addr");
        SlotFlags = Slot.Field("flags");
        SlotId = Slot.Field("id");
        SlotSpace = Slot.Find("as_id");

        // A sorted array until 5.16; since, a tree that has a node in each slot for either of the two sets of an address space (a54d806688fe).
        StructType slots = types.Struct("kvm_memslots");
        Tree = slots.Find("gfn_tree");
        TreeNode = Slot.Find("gfn_node");
        NodeIndex = slots.Find("node_idx");
        UsedSlots = slots.Find("used_slots");
        SlotArray = slots.Find("memslots");

        Cpu = types.Struct("kvm_vcpu");
        CpuMachine = Cpu.Field("kvm");
        CpuNumber = Cpu.Field("vcpu_id");
        CpuPid = Cpu.Find("pid");
        CpuMode = Cpu.Find("mode");
        CpuOn = Cpu.Find("cpu");
        Registers = Cpu.Find("arch.regs");
        Cr0 = Cpu.Find("arch.cr0");
        Cr3 = Cpu.Find("arch.cr3");
        Cr4 = Cpu.Find("arch.cr4");
        Efer = Cpu.Find("arch.efer");
        Available = Cpu.Find("arch.regs_avail");
        State = Cpu.Find("arch.mp_state");
        Mmu = Cpu.Find("arch.mmu");
        OwnMmu = Cpu.Find("arch.root_mmu");

        StructType? mmu = types.FindStruct("kvm_mmu");
        Root = mmu?.Find("root.hpa", "root_hpa");
        Role = mmu?.Find("root_role.word", "mmu_role.base.word");
        Numbers = types.FindField("pid", "numbers");
        Number = types.FindField("upid", "nr");
    }

    public StructType Machine { get; }

    public Field Link { get; }

    public Field Memory { get; }

    public Field SlotSets { get; }

    public Field? Online { get; }

    public Field? CpuArray { get; }

    public Field? CpuPointers { get; }

    public StructType Slot { get; }

    public Field SlotFrame { get; }

    public Field SlotPages { get; }

    public Field SlotUser { get; }

    public Field SlotFlags { get; }

    public Field SlotId { get; }

    public Field? SlotSpace { get; }

    public Field? Tree { get; }

    public Field? TreeNode { get; }

    public Field? NodeIndex { get; }

    public Field? UsedSlots { get; }

    public Field? SlotArray { get; }

    public StructType Cpu { get; }

    public Field CpuMachine { get; }

    public Field CpuNumber { get; }

    public Field? CpuPid { get; }

    public Field? CpuMode { get; }

    public Field? CpuOn { get; }

    public Field? Registers { get; }

    public Field? Cr0 { get; }

    public Field? Cr3 { get; }

    public Field? Cr4 { get; }

    public Field? Efer { get; }

    public Field? Available { get; }

    public Field? State { get; }

    public Field? Mmu { get; }

    public Field? OwnMmu { get; }

    public Field? Root { get; }

    public Field? Role { get; }

    public Field? Numbers { get; }

    public Field? Number { get; }
}
