using System.Globalization;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kvm;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.VirtualMachines.VirtualMachineReport>;
using OfCpu = IommuSpy.Catalogue.Columns<IommuSpy.Linux.Kvm.VirtualCpu>;
using OfSlot = IommuSpy.Catalogue.Columns<IommuSpy.Linux.Kvm.MemorySlot>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The virtual machines of a host.</summary>
internal sealed class VirtualMachinesTable() : Table<VirtualMachineReport>(
    "vms",
    "The virtual machines of KVM's: whose each is, its CPUs, its memory and the tables that translate it.",
    Its.Integer("pid", "The process whose memory is the machine's.", row => row.Machine.Process?.Pid),
    Its.Text("comm", "Its name.", row => row.Machine.Process?.Comm),
    Its.Text("name", "What its command line calls the machine (-name).", row => row.Machine.Name),
    Its.Address("object", "Its struct kvm.", row => row.Machine.Address.Value),
    Its.Records("vcpus", "Its CPUs.", row => row.Machine.Cpus,
        OfCpu.Integer("number", "Its number.", cpu => cpu.Number),
        OfCpu.Text("state", "runnable, halted, not started...; in the guest: a CPU of the host runs it at this moment.", cpu => cpu.State),
        OfCpu.Integer("thread", "The task that runs it.", cpu => cpu.Thread),
        OfCpu.Integer("hostCpu", "The host's CPU that it is loaded on.", cpu => cpu.HostCpu),
        OfCpu.Hex("cr0", "Its CR0, as KVM keeps it.", cpu => cpu.Registers.Find("CR0")),
        OfCpu.Hex("cr3", "Its CR3: a guest-physical address.", cpu => cpu.Registers.Find("CR3")),
        OfCpu.Hex("cr4", "Its CR4.", cpu => cpu.Registers.Find("CR4")),
        OfCpu.Hex("efer", "Its EFER.", cpu => cpu.Registers.Find("EFER")),
        OfCpu.Address("rip", "Where it was when it last left the guest, where KVM has read that since.", cpu => cpu.Registers.InstructionPointer?.Value),
        OfCpu.Address("object", "Its struct kvm_vcpu.", cpu => cpu.Address.Value)),
    Its.Records("slots", "Runs of its memory.", row => row.Machine.Slots,
        OfSlot.Integer("number", "Its number.", slot => slot.Number),
        OfSlot.Integer("space", "0 for what the machine sees, 1 for what it sees in system management mode.", slot => slot.Space),
        OfSlot.Address("gpa", "Its first guest-physical address.", slot => slot.Start.Value),
        OfSlot.Bytes("bytes", "Its length.", slot => slot.Bytes),
        OfSlot.Address("virtual", "Where it begins in the memory of its process.", slot => slot.User.Value),
        OfSlot.Texts("flags", "log-dirty, read-only, guest-memfd.", slot => slot.FlagNames)),
    Its.Bytes("bytes", "How much memory it sees.", row => row.Machine.Bytes),
    Its.Number("presentPages", "How much of that is in the host's memory.", row => row.Memory.PresentPages, "pages of 4 KiB"),
    Its.Number("zeroPages", "How much nobody ever wrote to, and reads as zeros.", row => row.Memory.ZeroPages, "pages of 4 KiB"),
    Its.Number("absentPages", "How much is swapped out, lost or a device's.", row => row.Memory.AbsentPages, "pages of 4 KiB"),
    Its.Address("root", "The top of its nested tables.", row => row.Machine.Nested?.Root.Value),
    Its.Integer("levels", "Their depth.", row => row.Machine.Nested?.Levels),
    Its.Number("mappedPages", "How much they map.", row => row.MappedPages, "pages of 4 KiB"),
    Its.Flag("shadowed", "Whether KVM shadows the guest's own tables in place of nested ones.", row => row.Machine.IsShadowed),
    Its.Texts("devices", "The PCI functions that it was given, by VFIO.", row => row.Devices))
{
    private const string Absent = "-";

    /// <inheritdoc/>
    public override void Rows(Question question, Action<VirtualMachineReport> receive)
    {
        VirtualMachineList list = question.Machine.Parts.VirtualMachines.Required;
        question.Tell(list.Damage);
        foreach (VirtualMachineReport row in VirtualMachineReport.All(question.Machine))
        {
            question.Tell(row.Machine.Damage.Select(problem => $"{row.Machine}: {problem}"));
            if (!row.Memory.IsWhole)
            {
                question.Tell($"{row.Machine}: not all of its process's page tables could be read");
            }

            if (!row.IsCountWhole)
            {
                question.Tell($"{row.Machine}: not all of its nested tables could be read: they map {row.MappedPages} pages at least");
            }

            receive(row);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<VirtualMachineReport> Text(TextForm form, Question question) => new AlignedText<VirtualMachineReport>(form,
    [
        new("pid", row => Number(row.Machine.Process?.Pid), Right: true),
        new("machine", row => row.Machine.Name ?? row.Machine.Process?.Comm ?? Absent),
        new("memory", row => Size.Text(row.Machine.Bytes), Right: true),
        new("present", row => Size.Text(row.Memory.PresentPages * PageFrame.Size), Right: true),
        new("absent", row => row.Memory.AbsentPages == 0 ? Absent : Size.Text(row.Memory.AbsentPages * PageFrame.Size), Right: true),
        new("nested tables", row => row.Machine.Nested is NestedRoot nested ? $"{nested.Root}" : row.Machine.IsShadowed ? "shadow paging" : Absent),
        new("CPUs", row => string.Join(
            ", ", row.Machine.Cpus.GroupBy(cpu => cpu.State, StringComparer.Ordinal).Select(alike => $"{alike.Count()} {alike.Key ?? "?"}"))),
        new("devices", row => row.Devices.Count == 0 ? Absent : string.Join(' ', row.Devices)),
    ])
    {
        HeadsNothing = false,
        Closing = new Sum(),
    };

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? Absent;

    private sealed class Sum : Closing<VirtualMachineReport>
    {
        private ulong _all;
        private int? _last;

        public override void Add(VirtualMachineReport row)
        {
            _all++;
            _last = row.Machine.Process?.Pid ?? _last;
        }

        public override string Line() => _all == 0 ? "no virtual machine"
            : $"{Amount.Of(_all, "virtual machine")}{(_last is int pid ? $"   (inside: any command with --vm {pid})" : "")}";
    }
}
