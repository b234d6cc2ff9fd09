using System.Collections.Immutable;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation.Nested;

namespace IommuSpy.Linux.Kvm;

/// <summary>Reads virtual machines out of the kernel's own list (virt/kvm/kvm_main.c, vm_list).</summary>
internal sealed class KvmReader
{
    // More than any host has; a forged list ends here.
    private const int MostMachines = 1 << 16;

    // KVM_MAX_VCPUS of x86 is 4096 at the most (CONFIG_KVM_MAX_NR_VCPUS).
    private const int MostCpus = 4096;
    private const int MostSlots = 1 << 16;
    private const int Spaces = 2;

    // union kvm_mmu_page_role: the level in the lowest bits, and "direct" where the tables shadow none of the guest's.
    private const ulong RoleLevel = 0xf;
    private const ulong RoleDirect = 1 << 7;

    // KVM_MP_STATE of include/uapi/linux/kvm.h.
    private static readonly string[] States = ["runnable", "not started", "init received", "halted", "start requested"];

    // kvm_vcpu.mode (IN_GUEST_MODE).
    private const ulong InGuest = 1;

    // kvm_register_mark_available's bits of those that VMX reads late (enum kvm_reg): a value that is not marked may be an old one.
    private const int Cr0Available = 18;
    private const int Cr3Available = 19;
    private const int Cr4Available = 20;

    // Order of arch.regs: rax rcx rdx rbx rsp rbp rsi rdi r8-r15 rip.
    private const ulong StackPointerAt = 4;
    private const ulong InstructionPointerAt = 16;

    private readonly KernelObjects _objects;
    private readonly KvmFields _fields;
    private readonly ProcessDetails _details;
    private readonly bool _isIntel;
    private readonly Dictionary<VirtualAddress, KernelTask> _processes = [];
    private WorkAllowance _allowance;

    private KvmReader(KernelObjects objects, KvmFields fields, TaskTable? tasks, bool isIntel)
    {
        _objects = objects;
        _fields = fields;
        _details = new(objects);
        _isIntel = isIntel;
        _allowance = new(objects.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);
        foreach (KernelTask task in tasks?.Processes ?? [])
        {
            if (task.Mm is VirtualAddress mm)
            {
                _processes.TryAdd(mm, task);
            }
        }
    }

    public static VirtualMachineList Find(KernelParts parts)
    {
        KernelObjects objects = parts.Objects.Required;
        ModuleList? modules = parts.Modules.Value;
        KernelModule? kvm = modules?.Find("kvm");
        VirtualAddress? head = kvm?.Symbols.Find("vm_list") is Symbol own ? own.Address : objects.Variable("vm_list");
        if (head is not VirtualAddress list)
        {
            return modules is null ? throw new MissingTypeException($"whether KVM is in use is not known: {parts.Modules.Absence}")
                : kvm is null ? new([], [])
                : throw new MissingTypeException("module kvm has no symbol vm_list, where the list of virtual machines begins");
        }

        // Modules carry types since 5.11; before, the kernel's own have those of KVM that are the same for all CPUs.
        KernelTypes types = kvm?.Types is { } its && its.FindStruct("kvm") is not null ? its : objects.Types;
        bool isIntel = modules?.Find("kvm_intel") is not null || (kvm is null && objects.Variable("vmx_vcpu_run") is not null);
        return Read(new(objects.Kernel, types), list, parts.Tasks.Value, isIntel);
    }

    /// <summary>Reads the machines of a list.</summary>
    /// <param name="objects">Reads the kernel's memory, by types that describe KVM.</param>
    /// <param name="head">The list's head.</param>
    /// <param name="tasks">The host's processes; null where they are not known.</param>
    /// <param name="isIntel">Whether its CPUs are Intel's: which format nested tables have, and which registers are read late.</param>
    public static VirtualMachineList Read(KernelObjects objects, VirtualAddress head, TaskTable? tasks, bool isIntel) =>
        new KvmReader(objects, new(objects.Types), tasks, isIntel).Read(head);

    private VirtualMachineList Read(VirtualAddress head)
    {
        List<string> damage = [];
        KernelList list = KernelList.Read(_objects, head, _fields.Link.Offset, MostMachines);
        if (list.Damage is not null)
        {
            damage.Add($"the list of virtual machines is damaged: {list.Damage}");
        }

        List<VirtualMachine> machines = [];
        foreach (VirtualAddress address in list.Elements)
        {
            if (_objects.Pointer(address, _fields.Memory) is VirtualAddress mm)
            {
                machines.Add(Machine(address, mm));
            }
            else
            {
                damage.Add($"what the list of virtual machines links at {address} is none");
            }
        }

        _allowance.Finish();
        return new([.. machines.OrderBy(machine => machine.Process?.Pid ?? int.MaxValue)], damage);
    }

    private VirtualMachine Machine(VirtualAddress address, VirtualAddress mm)
    {
        List<string> damage = [];
        KernelTask? process = _processes.GetValueOrDefault(mm);
        return new(address, mm, process, process is null ? null : NameOf(process), Slots(address, damage), Cpus(address, damage), damage);
    }

    // QEMU's -name NAME, or -name guest=NAME,debug-threads=on; others take the same option.
    private string? NameOf(KernelTask process)
    {
        IReadOnlyList<string> arguments = _details.ArgumentsOf(process) ?? [];
        int option = arguments.ToList().FindIndex(argument => argument is "-name" or "--name");
        if (option < 0 || option + 1 >= arguments.Count)
        {
            return null;
        }

        string[] parts = arguments[option + 1].Split(',');
        string? named = Array.Find(parts, part => part.StartsWith("guest=", StringComparison.Ordinal))?["guest=".Length..] ?? parts[0];
        return named.Length == 0 ? null : named;
    }

    private List<MemorySlot> Slots(VirtualAddress machine, List<string> damage)
    {
        List<MemorySlot> slots = [];
        int sets = (int)Math.Min(Spaces, _fields.SlotSets.Bytes / sizeof(ulong));
        for (int space = 0; space < sets; space++)
        {
            if (_objects.Pointer(machine + _fields.SlotSets.Offset + ((ulong)space * sizeof(ulong))) is not VirtualAddress set)
            {
                damage.Add($"its memory slots of space {space} cannot be read");
                continue;
            }

            ulong before = 0;
            foreach (VirtualAddress address in SlotsOf(set, damage))
            {
                if (!_allowance.TryUse())
                {
                    damage.Add($"its memory slots are read up to {address} alone");
                    break;
                }

                if (Slot(address, space) is not MemorySlot slot)
                {
                    damage.Add($"the memory slot at {address} is none");
                }
                else if (slot.Space != space)
                {
                    damage.Add($"the memory slot at {address} says that it is of space {slot.Space}, not {space}");
                }
                else if (slot.Start.Value < before)
                {
                    damage.Add($"the memory slot at {address} overlaps the one before it");
                }
                else
                {
                    before = slot.Start.Value + slot.Bytes;
                    slots.Add(slot);
                }
            }
        }

        return slots;
    }

    private IReadOnlyList<VirtualAddress> SlotsOf(VirtualAddress set, List<string> damage)
    {
        if (_fields is { Tree: { } tree, TreeNode: { } node, NodeIndex: { } index } && _objects.Read(set, index) is (ulong which and <= 1))
        {
            ulong nodeBytes = node.Type.Resolved is ArrayType { Element.Bytes: ulong bytes } ? bytes : 24;
            RedBlackTree found = RedBlackTree.Read(_objects, set + tree.Offset, node.Offset + (which * nodeBytes), MostSlots);
            if (found.Damage is not null)
            {
                damage.Add($"the tree of its memory slots: {found.Damage}");
            }

            return found.Elements;
        }

        // Sorted by address, the highest first.
        if (_fields is { UsedSlots: { } used, SlotArray: { } array } && _objects.Read(set, used) is (ulong count and <= MostSlots))
        {
            return [.. Enumerable.Range(0, (int)count).Reverse().Select(i => set + array.Offset + ((ulong)i * _fields.Slot.Bytes))];
        }

        damage.Add($"its set of memory slots at {set} cannot be read");
        return [];
    }

    private MemorySlot? Slot(VirtualAddress address, int space)
    {
        const ulong MostFrames = 1UL << 40;
        return _objects.Read(address, _fields.SlotFrame) is (ulong frame and < MostFrames)
            && _objects.Read(address, _fields.SlotPages) is (ulong pages and > 0 and < MostFrames)
            && _objects.Read(address, _fields.SlotUser) is ulong user && user % PageFrame.Size == 0
            && user + (pages << PageFrame.Shift) >= user && user + (pages << PageFrame.Shift) <= _objects.Kernel.Space.LastUserAddress.Value + 1
            && _objects.Read(address, _fields.SlotFlags) is ulong flags && _objects.Read(address, _fields.SlotId) is ulong number
            ? new((int)(short)number, (int)(_objects.Read(address, _fields.SlotSpace) ?? (ulong)space), new(frame << PageFrame.Shift), pages << PageFrame.Shift,
                new(user), flags)
            : null;
    }

    private List<VirtualCpu> Cpus(VirtualAddress machine, List<string> damage)
    {
        List<VirtualCpu> cpus = [];
        foreach (VirtualAddress address in CpuAddresses(machine, damage))
        {
            if (!_allowance.TryUse())
            {
                damage.Add($"its CPUs are read up to {address} alone");
                break;
            }

            if (_objects.Pointer(address, _fields.CpuMachine) == machine)
            {
                cpus.Add(Cpu(address));
            }
            else
            {
                damage.Add($"the CPU at {address} is not its own");
            }
        }

        return [.. cpus.OrderBy(cpu => cpu.Number)];
    }

    private IEnumerable<VirtualAddress> CpuAddresses(VirtualAddress machine, List<string> damage)
    {
        if (_fields.CpuArray is { } array)
        {
            XArray found = XArray.Read(_objects, machine + array.Offset);
            if (found.Damage is not null)
            {
                damage.Add($"its CPUs: {found.Damage}");
            }

            return found.Entries.Take(MostCpus).Select(entry => new VirtualAddress(entry.Value));
        }

        int most = _fields.CpuPointers is { } pointers ? (int)Math.Min(pointers.Bytes / sizeof(ulong), MostCpus) : 0;
        int online = _objects.Read(machine, _fields.Online) is ulong count && count <= (ulong)most ? (int)count : most;
        return Enumerable.Range(0, online).Select(i => _objects.Pointer(machine + _fields.CpuPointers!.Offset + ((ulong)i * sizeof(ulong))))
            .OfType<VirtualAddress>().ToList();
    }

    private VirtualCpu Cpu(VirtualAddress address)
    {
        int? on = _objects.Read(address, _fields.CpuOn) is ulong cpu && (int)cpu >= 0 ? (int)cpu : null;
        string? state = _objects.Read(address, _fields.State) is ulong number ? number < (ulong)States.Length ? States[number] : $"state {number}" : null;
        bool inGuest = _objects.Read(address, _fields.CpuMode) == InGuest;
        (NestedRoot? nested, bool shadowed) = Nested(address);
        return new(
            address, (int)(_objects.Read(address, _fields.CpuNumber) ?? 0), Thread(address), on, inGuest, inGuest ? "in the guest" : state, Registers(address),
            nested, shadowed);
    }

    // The thread's struct pid, the number in the first namespace.
    private int? Thread(VirtualAddress cpu) =>
        _objects.Pointer(cpu, _fields.CpuPid) is VirtualAddress pid && _fields is { Numbers: { } numbers, Number: { } number }
            && _objects.Number(pid + numbers.Offset + number.Offset, sizeof(int)) is ulong value ? (int)value : null;

    private CpuState Registers(VirtualAddress cpu)
    {
        ulong available = _objects.Read(cpu, _fields.Available) ?? ulong.MaxValue;
        ImmutableSortedDictionary<string, ulong>.Builder registers = ImmutableSortedDictionary.CreateBuilder<string, ulong>(StringComparer.Ordinal);
        Add("CR0", _fields.Cr0, Cr0Available);
        Add("CR3", _fields.Cr3, Cr3Available);
        Add("CR4", _fields.Cr4, Cr4Available);
        Add("EFER", _fields.Efer, null);
        return new(General(InstructionPointerAt), General(StackPointerAt), registers.ToImmutable());

        // Each is marked by its place among them.
        VirtualAddress? General(ulong index) => _fields.Registers is { } regs && (!_isIntel || (available >> (int)index & 1) != 0)
            && _objects.Word(cpu + regs.Offset + (index * sizeof(ulong))) is ulong value ? new(value) : null;

        void Add(string name, Field? field, int? bit)
        {
            if (_objects.Read(cpu, field) is ulong value && (bit is not int its || !_isIntel || (available >> its & 1) != 0))
            {
                registers[name] = value;
            }
        }
    }

    // While the guest runs one of its own, the CPU goes through the tables of that; the machine's own stay where they are.
    private (NestedRoot? Root, bool IsShadowed) Nested(VirtualAddress cpu)
    {
        VirtualAddress? mmu = _fields.OwnMmu is { } own ? cpu + own.Offset : _objects.Pointer(cpu, _fields.Mmu);
        if (mmu is not VirtualAddress its || _objects.Read(its, _fields.Root) is not (ulong root and not ulong.MaxValue and not 0)
            || _objects.Read(its, _fields.Role) is not ulong role)
        {
            return (null, false);
        }

        PhysicalAddress top = new(root & ~(ulong)(PageFrame.Size - 1) & _objects.Kernel.Space.EntryMask);
        int levels = (int)(role & RoleLevel);
        if ((role & RoleDirect) == 0 || levels is not (4 or 5) || !_objects.Kernel.Memory.IsMemory(top))
        {
            return (null, (role & RoleDirect) == 0);
        }

        return (new(top, levels) { Mode = _isIntel ? NestedMode.Ept(levels) : NestedMode.Npt(levels, _objects.Kernel.Space.EntryMask) }, false);
    }
}
