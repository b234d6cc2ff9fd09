using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Lab;
using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Iommu;
using Capture = IommuSpy.Lab.Capture;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>DMAR and IVRS out of memory, against what iasl makes of the tables that the guest's kernel hands out.</summary>
public partial class AcpiTests
{
    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void Units_and_their_devices_are_as_iasl_disassembles_them(string guest)
    {
        Capture capture = IommuGuests.Capture(guest);
        IommuReport report = IommuGuests.Open(guest).Parts.Iommu;
        bool isAmd = capture.Spec.Iommu == IommuModel.Amd;
        List<string> theirs = Disassembled(capture.GuestOracle(isAmd ? "acpi/IVRS" : "acpi/DMAR"));
        List<string> ours = isAmd ? Lines(report.Ivrs!) : Lines(report.Dmar!);
        Assert.NotEmpty(theirs);
        Assert.Equal(theirs, ours);
    }

    private static List<string> Lines(DmarTable table)
    {
        List<string> lines = [];
        foreach (DmarUnit unit in table.Units)
        {
            lines.Add(Unit(unit.Registers.Value, unit.Segment));
            lines.AddRange(unit.Scopes.Select(scope => Device(scope.Kind, scope.First.Value, scope.EnumerationId)));
        }

        return lines;
    }

    private static List<string> Lines(IvrsTable table)
    {
        List<string> lines = [];
        foreach (IvrsUnit unit in table.Units)
        {
            lines.Add(Unit(unit.Registers.Value, unit.Segment));
            lines.AddRange(
                unit.Scopes.Select(scope => Device(scope.Kind, scope.First.Value, scope.Kind == FirmwareScopeKind.Endpoint ? 0 : scope.EnumerationId)));
        }

        return lines;
    }

    // "[040h 0064   1]            Device Scope Type : 03 [IOAPIC Device]" for each field, in the table's order; a device's last field ends it. Of 2025,
    // "[040h 0064 001h]", and a device entry of IVRS is a subtable.
    private static List<string> Disassembled(string table)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("iasl-");
        try
        {
            string prefix = Path.Combine(directory.FullName, "table");
            HostTool.Run("iasl", "-p", prefix, "-d", table);
            List<string> lines = [];
            Dictionary<string, int> fields = [];
            ulong registers = 0;
            foreach (Match match in File.ReadLines(prefix + ".dsl").Select(line => FieldLine().Match(line)).Where(match => match.Success))
            {
                string name = match.Groups["name"].Value.Replace(" (decoded below)", "", StringComparison.Ordinal);
                string value = match.Groups["value"].Value;
                ulong number =
                    ulong.TryParse(value.Replace(",", "", StringComparison.Ordinal), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong read)
                        ? read : 0;
                fields[name] = (int)number;
                switch (name)
                {
                    case "Register Base Address": // DMAR: after its segment
                        lines.Add(Unit(number, (ushort)fields["PCI Segment Number"]));
                        break;
                    case "Base Address": // IVRS: before it
                        registers = number;
                        break;
                    case "PCI Segment Group":
                        Begin(lines, Unit(registers, (ushort)number));
                        break;
                    case "PCI Path": // device and function, a byte each
                        FirmwareScopeKind kind = fields["Device Scope Type"] switch
                        {
                            1 => FirmwareScopeKind.Endpoint,
                            2 => FirmwareScopeKind.Bridge,
                            3 => FirmwareScopeKind.IoApic,
                            4 => FirmwareScopeKind.Hpet,
                            _ => FirmwareScopeKind.Other
                        };
                        lines.Add(Device(kind, (ushort)((fields["PCI Bus Number"] << 8) | ((int)(number >> 8) << 3) | ((int)number & 7)),
                            fields["Enumeration ID"]));
                        break;
                    case "Data Setting" when fields.GetValueOrDefault("Entry Type", fields["Subtable Type"]) == 2:
                        lines.Add(Device(FirmwareScopeKind.Endpoint, (ushort)fields["Device ID"], 0));
                        break;
                    case "Variety":
                        lines.Add(Device(number == 1 ? FirmwareScopeKind.IoApic : FirmwareScopeKind.Hpet, (ushort)fields["Source Used Device ID"],
                            fields["Handle"]));
                        break;
                }
            }

            return lines;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // A unit may have a block of the old type and one of the new, as in QEMU 10's IVRS: the newer one is what a kernel uses (drivers/iommu/amd/init.c).
    private static void Begin(List<string> lines, string unit)
    {
        int older = lines.IndexOf(unit);
        if (older >= 0)
        {
            int next = lines.FindIndex(older + 1, line => line.StartsWith("unit", StringComparison.Ordinal));
            lines.RemoveRange(older, (next < 0 ? lines.Count : next) - older);
        }

        lines.Add(unit);
    }

    private static string Unit(ulong registers, ushort segment) => $"unit {registers:x} segment {segment}";

    private static string Device(FirmwareScopeKind kind, ushort requester, int id) => $"  {kind} {requester:x4} {id}";

    [GeneratedRegex(@"^\[[0-9A-F]+h [0-9]+ +[0-9A-F]+h?\] +(?<name>[^:]+?) : (?<value>[0-9A-F,]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FieldLine();
}
