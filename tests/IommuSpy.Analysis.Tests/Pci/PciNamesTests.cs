using IommuSpy.Analysis.Pci;

namespace IommuSpy.Analysis.Tests.Pci;

public class PciNamesTests
{
    private const string File = "# a comment\n8086  Intel Corporation\n\t10d3  82574L Gigabit Network Connection\n\t\t103c 1250  a subsystem\n1b36  Red Hat, "
        + "Inc.\n\t0010  QEMU NVM Express Controller\n\nC 02  Network controller\n\t00  Ethernet controller\n\t\t01  an interface\nC 05  Memory "
        + "controller\nnonsense\n\tzz\n";

    [Fact]
    public void Vendors_devices_and_classes_have_the_files_names()
    {
        PciNames names = PciNames.Read(new StringReader(File));
        Assert.Equal("Intel Corporation", names.Vendor(0x8086));
        Assert.Equal("82574L Gigabit Network Connection", names.Device(0x8086, 0x10d3));
        Assert.Equal("QEMU NVM Express Controller", names.Device(0x1b36, 0x10));
        Assert.Equal("Ethernet controller", names.Class(0x020000));
        Assert.Equal("Memory controller", names.Class(0x058000));
        Assert.Null(names.Vendor(0x1234));
        Assert.Null(names.Device(0x103c, 0x1250));
        Assert.Null(names.Class(0xff0000));
    }
}
