using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kvm;

/// <summary>
/// Virtual machines laid out in code: slots in the tree of today and in the array of before 5.17, CPUs, roots; and what a forger makes of them.
/// </summary>
public sealed class KvmReaderTests : IDisposable
{
    private const ulong SlotBytes = 128;
    private const ulong SetBytes = 64;
    private const ulong CpuBytes = 512;
    private const ulong MmuAt = 256;
    private const ulong Direct = 1 << 7;

    private readonly ObjectMachine _machine = new("vm_list");

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Slots_of_the_tree_are_found_in_order_by_the_node_of_their_set()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        VirtualAddress set = Set(kvm, node: 1);
        VirtualAddress first = Slot(0, 0x100, 0x7f00_0000_0000, 5, 2);
        VirtualAddress second = Slot(0x10_0000, 0x200, 0x7f10_0000_0000, 6);
        VirtualAddress third = Slot(0x20_0000, 1, 0x7f00_0000_0000, 7);
        Tree(set, node: 1, second, first, third);
        VirtualMachine machine = Assert.Single(Read(Types(tree: true)).Machines);
        Assert.Empty(machine.Damage);
        Assert.Equal(
            [
                new MemorySlot(5, 0, new(0), 0x10_0000, new(0x7f00_0000_0000), 2),
                new MemorySlot(6, 0, new(0x1_0000_0000), 0x20_0000, new(0x7f10_0000_0000), 0),
                new MemorySlot(7, 0, new(0x2_0000_0000), 0x1000, new(0x7f00_0000_0000), 0),
            ],
            machine.Slots);
        Assert.True(machine.Slots[0].IsReadOnly);
        Assert.Equal(new VirtualAddress(0x7f10_0000_1234), machine.SlotAt(new(0x1_0000_1234))!.UserOf(new(0x1_0000_1234)));
        Assert.Null(machine.SlotAt(new(0x10_0000)));
    }

    [Fact]
    public void Slots_of_the_array_stand_with_the_highest_first()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        VirtualAddress set = _machine.Take(SetBytes + (2 * SlotBytes));
        _machine.Word(kvm + 32, set.Value);
        _machine.Word(set + 40, 2);
        Slot(set + 48, 0x10_0000, 0x200, 0x7f10_0000_0000, 6, 0);
        Slot(set + 48 + SlotBytes, 0, 0x100, 0x7f00_0000_0000, 5, 0);
        VirtualMachine machine = Assert.Single(Read(Types(tree: false)).Machines);
        Assert.Equal([0UL, 0x1_0000_0000UL], machine.Slots.Select(slot => slot.Start.Value));
    }

    [Fact]
    public void Registers_and_roots_of_CPUs_are_read()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        Tree(Set(kvm, node: 0), node: 0);
        Cpu(kvm, 0, number: 0, root: 0x5000, role: Direct | 4, mode: 1, available: 0);
        Cpu(kvm, 1, number: 1, root: 0x6000, role: 4, mode: 0, available: ulong.MaxValue);
        Cpu(kvm, 2, number: 2, root: ulong.MaxValue, role: Direct | 4, mode: 0, available: ulong.MaxValue);
        VirtualMachine amd = Assert.Single(Read(Types(tree: true)).Machines);
        Assert.Equal([(0, true, 0x5000UL), (1, false, 0UL), (2, false, 0UL)], amd.Cpus.Select(cpu => (cpu.Number, cpu.IsInGuest, cpu.Nested?.Root.Value ?? 0)));
        Assert.Equal([false, true, false], amd.Cpus.Select(cpu => cpu.IsShadowed));
        Assert.Equal(0x1000UL, amd.Cpus[0].Registers.Find("CR3"));
        Assert.Equal(4, amd.Nested!.Levels);

        // VMX reads CR3 late: what is not marked as read may be an old one.
        VirtualMachine intel = Assert.Single(Read(Types(tree: true), isIntel: true).Machines);
        Assert.Null(intel.Cpus[0].Registers.Find("CR3"));
        Assert.Equal(0x1001UL, intel.Cpus[1].Registers.Find("CR3"));
    }

    [Fact]
    public void What_is_no_slot_and_what_overlaps_is_said_and_left_out()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        VirtualAddress set = Set(kvm, node: 0);
        VirtualAddress good = Slot(0x100, 0x100, 0x7f00_0000_0000, 1);
        VirtualAddress overlapping = Slot(0x180, 0x100, 0x7f00_0000_0000, 2);
        VirtualAddress wide = Slot(0, ulong.MaxValue, 0x7f00_0000_0000, 3);
        Tree(set, node: 0, good, wide, overlapping);
        VirtualMachine machine = Assert.Single(Read(Types(tree: true)).Machines);
        Assert.Equal([1], machine.Slots.Select(slot => slot.Number));
        Assert.Equal(2, machine.Damage.Count);
    }

    [Fact]
    public void Slots_outside_of_user_space_are_none()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        Tree(Set(kvm, node: 0), node: 0, Slot(0, 2, 0xffff_8880_0000_0000, 1), Slot(0, 2, ulong.MaxValue - 0xfff, 2), Slot(0, 2, 0x7fff_ffff_f000, 3));
        VirtualMachine machine = Assert.Single(Read(Types(tree: true)).Machines);
        Assert.Empty(machine.Slots);
        Assert.Equal(3, machine.Damage.Count);
    }

    [Fact]
    public void A_tree_that_leads_back_into_itself_ends()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        VirtualAddress set = Set(kvm, node: 0);
        VirtualAddress slot = Slot(0, 1, 0x7f00_0000_0000, 1);
        Tree(set, node: 0, slot);
        _machine.Word(slot + 16, slot.Value);
        VirtualMachine machine = Assert.Single(Read(Types(tree: true)).Machines);
        Assert.Single(machine.Slots);
        Assert.Contains("does not lead back", Assert.Single(machine.Damage), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_machines_that_does_not_lead_back_is_followed_as_far_as_it_does()
    {
        VirtualAddress kvm = Machine(mm: 0xffff_8880_0000_1000);
        Tree(Set(kvm, node: 0), node: 0);
        _machine.Word(kvm, 0xffff_8880_dead_0000);
        VirtualMachineList list = Read(Types(tree: true));
        Assert.Single(list.Machines);
        Assert.Contains("damaged", Assert.Single(list.Damage), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_list_has_none()
    {
        _machine.Link(_machine.Symbol("vm_list"));
        VirtualMachineList list = Read(Types(tree: true));
        Assert.Empty(list.Machines);
        Assert.Empty(list.Damage);
    }

    private VirtualMachineList Read(TestTypes types, bool isIntel = false)
    {
        KernelObjects objects = _machine.Objects(types);
        return KvmReader.Read(objects, _machine.Symbol("vm_list"), null, isIntel);
    }

    // struct kvm: its link first, mm at 16, the sets of slots at 32, CPUs at 64.
    private VirtualAddress Machine(ulong mm)
    {
        VirtualAddress kvm = _machine.Take(256);
        _machine.Link(_machine.Symbol("vm_list"), kvm);
        _machine.Word(kvm + 16, mm);
        return kvm;
    }

    private VirtualAddress Set(VirtualAddress kvm, ulong node)
    {
        VirtualAddress set = _machine.Take(SetBytes);
        _machine.Word(kvm + 32, set.Value);
        _machine.Word(set + 8, node);
        return set;
    }

    private VirtualAddress Slot(ulong frame, ulong pages, ulong user, uint number, uint flags = 0)
    {
        VirtualAddress slot = _machine.Take(SlotBytes);
        Slot(slot, frame, pages, user, number, flags);
        return slot;
    }

    private void Slot(VirtualAddress slot, ulong frame, ulong pages, ulong user, uint number, uint flags)
    {
        _machine.Word(slot + 48, frame);
        _machine.Word(slot + 56, pages);
        _machine.Word(slot + 64, user);
        _machine.Half(slot + 72, flags);
        _machine.Half(slot + 76, number);
    }

    // The first is the root, the second stands left of it, the third right of it.
    private void Tree(VirtualAddress set, ulong node, params VirtualAddress[] slots)
    {
        VirtualAddress[] nodes = [.. slots.Select(slot => slot + (node * 24))];
        if (nodes.Length == 0)
        {
            return;
        }

        _machine.Word(set, nodes[0].Value);
        _machine.Word(nodes[0], 1);
        for (int i = 1; i < nodes.Length; i++)
        {
            _machine.Word(nodes[0] + (i == 1 ? 16UL : 8), nodes[i].Value);
            _machine.Word(nodes[i], nodes[0].Value);
        }
    }

    private void Cpu(VirtualAddress kvm, ulong index, uint number, ulong root, ulong role, uint mode, ulong available)
    {
        VirtualAddress cpu = _machine.Take(CpuBytes);
        _machine.Word(kvm + 64 + (index * 8), cpu.Value);
        _machine.Half(kvm + 96, (uint)index + 1);
        _machine.Word(cpu, kvm.Value);
        _machine.Half(cpu + 8, number);
        _machine.Half(cpu + 12, mode);
        _machine.Word(cpu + 16, 0x1000 + number);
        _machine.Word(cpu + 24, available);
        _machine.Word(cpu + MmuAt, root);
        _machine.Word(cpu + MmuAt + 8, role);
    }

    private static TestTypes Types(bool tree)
    {
        KernelType nodes = new ArrayType(() => TestTypes.TreeNode, 2);
        StructType counter = TestTypes.Struct("atomic_t", 4, ("counter", 0, TestTypes.Half));
        StructType hpa = TestTypes.Struct("kvm_mmu_root_info", 8, ("hpa", 0, TestTypes.Word));
        StructType word = TestTypes.Struct("kvm_mmu_page_role", 8, ("word", 0, TestTypes.Word));
        StructType mmu = TestTypes.Struct("kvm_mmu", 16, ("root", 0, hpa), ("root_role", 8, word));
        StructType arch = TestTypes.Struct("kvm_vcpu_arch", 300, ("cr3", 0, TestTypes.Word), ("regs_avail", 8, TestTypes.Word), ("root_mmu", MmuAt - 16, mmu));
        return new(
            TestTypes.Struct("kvm", 128, ("vm_list", 0, TestTypes.ListHead), ("mm", 16, TestTypes.Pointer),
                ("memslots", 32, new ArrayType(() => TestTypes.Pointer, 1)), ("vcpus", 64, new ArrayType(() => TestTypes.Pointer, 4)),
                ("online_vcpus", 96, counter)),
            tree ? TestTypes.Struct("kvm_memslots", SetBytes, ("gfn_tree", 0, TestTypes.Word), ("node_idx", 8, TestTypes.Half))
                : TestTypes.Struct("kvm_memslots", SetBytes, ("used_slots", 40, TestTypes.Half), ("memslots", 48, new ArrayType(() => TestTypes.Word, 0))),
            TestTypes.Struct("kvm_memory_slot", SlotBytes,
                [
                    .. tree ? [("gfn_node", 0UL, nodes)] : Array.Empty<(string, ulong, KernelType)>(),
                    ("base_gfn", 48, TestTypes.Word), ("npages", 56, TestTypes.Word), ("userspace_addr", 64, TestTypes.Word), ("flags", 72, TestTypes.Half),
                    ("id", 76, TestTypes.Half),
                ]),
            TestTypes.Struct("kvm_vcpu", CpuBytes,
                ("kvm", 0, TestTypes.Pointer), ("vcpu_id", 8, TestTypes.Half), ("mode", 12, TestTypes.Half), ("arch", 16, arch)),
            mmu);
    }
}
