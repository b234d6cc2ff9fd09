using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Linux.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>Events of logs, asked of guests: what is refused and what gets through is what the tables say, which other tests check against QEMU.</summary>
public class FaultTests
{
    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void A_request_is_refused_exactly_where_nothing_is_mapped(string guest)
    {
        Machine machine = IommuGuests.Open(guest);
        FaultAnswers answers = new(machine);
        IommuUnit unit = machine.Parts.Iommu.Units[0];
        (DeviceContext device, IoLeaf leaf) = FirstMapped(unit);
        bool isWrite = leaf.Rights.HasFlag(Translation.AccessRights.Write);
        FaultReport through = answers.Of(FaultLine.Parse(Access(unit, device, leaf.Address.Value, isWrite))!);
        Assert.Equal((FaultKind.Translation, false, true), (through.Kind, through.RefusedNow, through.IsAnswered));
        Assert.Equal(leaf.Physical, through.Now!.Physical);
        ulong free = 0x1000;
        while (device.Translate(new(free)).Fault == DeviceFault.None)
        {
            free += 0x1000;
        }

        FaultReport refused = answers.Of(FaultLine.Parse(Access(unit, device, free, isWrite: true))!);
        Assert.Equal((FaultKind.Translation, true, null), (refused.Kind, refused.RefusedNow, refused.Now!.Physical));
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void Interrupts_walk_no_table_commands_refuse_nothing_and_the_other_vendor_is_said(string guest)
    {
        Machine machine = IommuGuests.Open(guest);
        FaultAnswers answers = new(machine);
        IommuUnit unit = machine.Parts.Iommu.Units[0];
        (DeviceContext device, _) = FirstMapped(unit);
        FaultReport interrupt = answers.Of(FaultLine.Parse(Access(unit, device, 0xfee00000, isWrite: true))!);
        Assert.Equal((FaultKind.Interrupt, null, null), (interrupt.Kind, interrupt.Now, interrupt.Iova is null ? "" : null));
        bool isVtd = unit.Kind == IommuKind.VtD;
        FaultReport command = answers.Of(FaultLine.Parse(isVtd
            ? "DMAR: VT-d detected Invalidation Queue Error: Reason f" : "iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x1000]")!);
        Assert.Equal((FaultKind.Command, null, true), (command.Kind, command.RefusedNow, command.IsAnswered));
        FaultReport foreign = answers.Of(FaultLine.Parse(isVtd
            ? "AMD-Vi: Event logged [IO_PAGE_FAULT device=00:02.0 domain=0x1 address=0x1000 flags=0x20]"
            : "DMAR: [DMA Write] Request device [00:02.0] fault addr 1000 [fault reason 05] PTE")!);
        Assert.Equal((null, false), (foreign.RefusedNow, foreign.IsAnswered));
        Assert.Contains("another machine", foreign.Verdict, StringComparison.Ordinal);
    }

    private static string Access(IommuUnit unit, DeviceContext device, ulong address, bool isWrite) => unit.Kind == IommuKind.VtD
        ? $"DMAR: [DMA {(isWrite ? "Write" : "Read")} NO_PASID] Request device [{device.Requester}] fault addr 0x{address:x} [fault reason 0x05] PTE"
        : $"AMD-Vi: Event logged [IO_PAGE_FAULT device={device.Requester} domain=0x{device.Domain:x4} address=0x{address:x} flags=0x{(isWrite ? 0x20 : 0):x4}]";

    private static (DeviceContext Device, IoLeaf Leaf) FirstMapped(IommuUnit unit)
    {
        foreach (DeviceContext context in unit.Contexts.Where(context => context is { Space: not null, Pasid: null }))
        {
            First first = new();
            context.Space!.Visit(new(0), new(ulong.MaxValue), ref first);
            if (first.Leaf is IoLeaf leaf)
            {
                return (context, leaf);
            }
        }

        throw new InvalidOperationException("no device has anything mapped");
    }

    private struct First : IIoLeafVisitor
    {
        public IoLeaf? Leaf { get; private set; }

        void IIoLeafVisitor.Leaf(in IoLeaf leaf) => Leaf ??= leaf;
    }
}
