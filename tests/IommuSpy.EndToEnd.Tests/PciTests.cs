using System.Globalization;
using IommuSpy.Lab;
using IommuSpy.Linux.Pci;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>PCI functions, against the guest's /sys/bus/pci, its /proc/iomem and /proc/ioports, and QEMU.</summary>
public class PciTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Functions_are_those_of_the_guests_sysfs(string guest, string image)
    {
        PciInventory pci = GuestMachine.Open(guest, image).Parts.Pci.Required;
        Assert.Empty(pci.Damage);
        string[] oracle = [.. File.ReadLines(Guests.Capture(guest).GuestOracle("pci")).Order(StringComparer.Ordinal)];
        string[] ours = [.. pci.Functions.Select(function => string.Create(
            CultureInfo.InvariantCulture,
            $"{function.Address} 0x{function.Vendor:x4} 0x{function.DeviceId:x4} 0x{function.Class:x6} {function.Driver ?? "-"} "
                + $"{function.Iommu.GroupId?.ToString(CultureInfo.InvariantCulture) ?? "-"}"))];
        LineComparison.Equal(oracle, ours);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void What_functions_decode_is_what_the_guest_has_given_them(string guest)
    {
        Capture capture = Guests.Capture(guest);
        PciInventory pci = GuestMachine.Open(guest, "ram.raw").Parts.Pci.Required;
        foreach ((string file, bool io) in new[] { ("iomem", false), ("ioports", true) })
        {
            // "  feba0000-febbffff : 0000:00:01.0": a range in a function's own name is one of its resources.
            string[] oracle =
                [.. File.ReadLines(capture.GuestOracle(file)).Select(line => line.Trim()).Where(line => PciAddress.TryParse(line.Split(' ')[^1], out _))
                    .Order(StringComparer.Ordinal)];
            string[] ours = [.. pci.Functions
                .SelectMany(function => function.Resources
                    .Where(resource => resource.IsIo == io && resource.Kind != PciResourceKind.BridgeWindow)
                    .Select(resource =>
                        string.Create(CultureInfo.InvariantCulture, $"{Hex(resource.Start.Value, io)}-{Hex(resource.Last.Value, io)} : {function.Address}")))
                .Order(StringComparer.Ordinal)];
            LineComparison.Equal(oracle, ours);
        }
    }

    private static string Hex(ulong value, bool io) => value.ToString(io ? "x4" : "x8", CultureInfo.InvariantCulture);
}
