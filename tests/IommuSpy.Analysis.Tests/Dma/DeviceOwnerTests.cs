using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Vfio;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Tests.Dma;

/// <summary>What a virtual machine gave to its devices, by the addresses of all three: device, process and machine.</summary>
public class DeviceOwnerTests
{
    private const ulong Mm = 0xffff_8880_0100_0000;
    private const ulong User = 0x7f00_0000_0000;
    private static readonly WorkBudget Budget = new();
    private static readonly KernelTask Process = new(new(0xffff_8880_0001_0000), 141, 141, "qemu", null, null, false, null, new(Mm), null, null);

    [Fact]
    public void A_mapping_over_two_slots_is_two_ranges_of_the_machines_memory()
    {
        // 1 MiB below 4 GiB, and what follows it in the process from 4 GiB on.
        VirtualMachine machine = Machine(new(0, 0, new(0), 0x10_0000, new(User), 0), new(1, 0, new(0x1_0000_0000), 0x20_0000, new(User + 0x10_0000), 0));
        DeviceOwner owner = new(Container(new VfioMapping(new(0x8000_0000), new(User + 0x8_0000), 0x18_0000, true, true, new(Mm))), [machine], Budget);
        GivenRange[] expected =
        [
            new(new(0x8000_0000), 0x8_0000, true, true, new(User + 0x8_0000), Process, machine, new PhysicalAddress(0x8_0000)),
            new(new(0x8008_0000), 0x10_0000, true, true, new(User + 0x10_0000), Process, machine, new PhysicalAddress(0x1_0000_0000)),
        ];
        Assert.Equal(expected, owner.Ranges);
        Assert.Equal(new PhysicalAddress(0x1_0000_3000), owner.RangeAt(new(0x8008_3fff))!.From(new(0x8008_3fff)).GuestPhysical);
        Assert.Null(owner.RangeAt(new(0x8018_0000)));
        Assert.Null(owner.RangeAt(new(0x7fff_ffff)));
        Assert.Equal("virtual machine guest[141]", owner.ToString());
    }

    [Fact]
    public void Slots_without_number_end_with_the_budget()
    {
        WorkBudget little = new(steps: 100);
        MemorySlot[] slots = [.. Enumerable.Range(0, 64).Select(i => new MemorySlot(i, 0, new((ulong)i << 12), 0x1000, new(User + ((ulong)i << 12)), 0))];
        DeviceOwner owner = new(Container(new VfioMapping(new(0), new(User), 0x4_0000, true, true, new(Mm))), [Machine(slots)], little);
        Assert.Single(owner.Ranges);
        Assert.NotEmpty(little.Problems);
    }

    [Fact]
    public void What_lies_beside_its_slots_is_the_processs_alone()
    {
        VirtualMachine machine = Machine(new MemorySlot(0, 0, new(0), 0x1000, new(User + 0x1000), 0));
        DeviceOwner owner = new(Container(new VfioMapping(new(0), new(User), 0x3000, true, false, new(Mm))), [machine], Budget);
        (ulong, PhysicalAddress?)[] expected = [(0x1000, null), (0x1000, new(0)), (0x1000, null)];
        Assert.Equal(expected, owner.Ranges.Select(range => (range.Bytes, range.GuestPhysical)));
    }

    [Fact]
    public void Without_a_machine_a_mapping_is_one_range_of_its_process()
    {
        DeviceOwner owner = new(Container(new VfioMapping(new(0x1000), new(User), 0x4000, true, true, new(Mm))), [], Budget);
        GivenRange range = Assert.Single(owner.Ranges);
        Assert.Equal((0x4000UL, Process), (range.Bytes, range.Process));
        Assert.Null(range.Guest);
        Assert.Null(range.GuestPhysical);
        Assert.Equal("qemu[141]", owner.ToString());
    }

    [Fact]
    public void Memory_of_a_process_that_is_gone_is_nobodys()
    {
        DeviceOwner owner = new(Container(new VfioMapping(new(0x1000), new(User), 0x4000, true, true, new(Mm + 0x1000))), [], Budget);
        Assert.Null(Assert.Single(owner.Ranges).Process);
    }

    private static VirtualMachine Machine(params MemorySlot[] slots) => new(new(0xffff_c900_0000_0000), new(Mm), Process, "guest", slots, [], []);

    private static VfioContainer Container(params VfioMapping[] mappings) => new(new(0xffff_8880_0200_0000), [Process], [], [], [], [], mappings, []);
}
