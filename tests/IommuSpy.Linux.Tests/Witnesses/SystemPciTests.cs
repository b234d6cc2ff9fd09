using IommuSpy.Linux.Pci;

namespace IommuSpy.Linux.Tests.Witnesses;

public class SystemPciTests
{
    [Fact]
    public void Functions_are_as_sysfs_shows_them()
    {
        byte[] config = new byte[256];
        config[4] = 4; // Command: bus master.
        config[6] = 0x10; // Status: there are capabilities.
        config[0x34] = 0x50;
        config[0x50] = 1;
        config[0x51] = 0x60;
        config[0x60] = 0x10;
        config[0x62] = 0x02;
        using FakeMachine machine = new FakeMachine()
            .With("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/vendor", "0x8086\n")
            .With("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/device", "0x10d3\n")
            .With("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/class", "0x020000\n")
            .With("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/config", config)
            .With("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/resource",
                "0x00000000feb80000 0x00000000feb9ffff 0x0000000000040200\n0x0000000000000000 0x0000000000000000 0x0000000000000000\n0x000000000000c080 "
                    + "0x000000000000c09f 0x0000000000040101\n")
            .WithLink("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/driver", "../../../../bus/pci/drivers/e1000e")
            .WithLink("devices/pci0000:00/0000:00:1c.0/0000:03:00.0/iommu_group", "../../../../kernel/iommu_groups/7")
            .WithLink("sys/bus/pci/devices/0000:03:00.0", "../../../../devices/pci0000:00/0000:00:1c.0/0000:03:00.0");
        PciFunction function = Assert.Single(PciInventory.Shown(machine.Files)!.Functions);
        Assert.Equal("0000:03:00.0", function.Address.ToString());
        Assert.Equal((0x8086, 0x10d3, 0x020000U), (function.Vendor, function.DeviceId, function.Class));
        Assert.Equal("e1000e", function.Driver);
        Assert.Equal(7U, function.Iommu.GroupId);
        Assert.Equal("0000:00:1c.0", function.Bridge.ToString());
        Assert.Equal(0, function.PortType);
        Assert.True(function.IsBusMaster);
        Assert.Equal([(0, 0x20000UL, false), (2, 0x20UL, true)], function.Resources.Select(resource => (resource.Index, resource.Length, resource.IsIo)));
    }

    [Fact]
    public void A_capability_list_that_is_a_circle_ends()
    {
        byte[] config = new byte[256];
        config[6] = 0x10;
        config[0x34] = 0x50;
        config[0x50] = 1;
        config[0x51] = 0x50;
        using FakeMachine machine = new FakeMachine().With("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086")
            .With("sys/bus/pci/devices/0000:00:02.0/device", "0x1").With("sys/bus/pci/devices/0000:00:02.0/config", config);
        Assert.Equal(-1, Assert.Single(PciInventory.Shown(machine.Files)!.Functions).PortType);
    }

    [Fact]
    public void Nothing_shown_is_no_inventory()
    {
        using FakeMachine machine = new FakeMachine().With("sys/bus/pci/devices/nonsense/vendor", "0x8086");
        Assert.Null(PciInventory.Shown(machine.Files));
    }
}
