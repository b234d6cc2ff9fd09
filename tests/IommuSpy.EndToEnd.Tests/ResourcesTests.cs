using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Lab;
using IommuSpy.Linux.Resources;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The kernel's lists of what stands where, against the guest's /proc/iomem and /proc/ioports, every line; and what pages are called
/// by them.</summary>
public class ResourcesTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_line_is_that_of_the_guest(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        Capture capture = Guests.Capture(guest);
        LineComparison.Equal([.. File.ReadLines(capture.GuestOracle("iomem"))], [.. Lines(machine.Parts.Resources.Required, "x8")]);
        LineComparison.Equal([.. File.ReadLines(capture.GuestOracle("ioports"))], [.. Lines(ResourceTree.OfPorts(machine.Kernel).Required, "x4")]);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_page_of_registers_has_the_name_that_the_kernel_gives_it(string guest)
    {
        Capture capture = Guests.Capture(guest);
        foreach ((string name, string line) in File.ReadLines(capture.GuestOracle("iomem")).Select(line => (line.Split(" : ")[1], line))
            .Where(found => found.Item1 is "IOAPIC 0" or "Local APIC" or "HPET 0" or "dmar0" or "amd_iommu"))
        {
            string address = $"phys:0x{line.Split('-')[0]}";
            Assert.Contains($"not memory: {name}", Cli.Run("page", "-s", capture.RamFile, address).Output, StringComparison.Ordinal);
            Assert.Contains($"not memory: {name}", Cli.Run("explain", "-s", capture.RamFile, address).Output, StringComparison.Ordinal);
            Assert.Contains(name, Cli.Run("resources", "-s", capture.RamFile, address).Output, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Lines(ResourceTree tree, string digits)
    {
        Assert.Null(tree.Damage);
        return tree.All.Select(resource =>
        {
            string start = resource.Start.ToString(digits, CultureInfo.InvariantCulture);
            return $"{new string(' ', 2 * resource.Depth)}{start}-{resource.Last.ToString(digits, CultureInfo.InvariantCulture)} : {resource.Name}";
        });
    }
}
