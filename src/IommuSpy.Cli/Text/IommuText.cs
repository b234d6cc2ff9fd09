using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Text;

/// <summary>An <see cref="IommuAnswer"/> as text.</summary>
internal static class IommuText
{
    public static void Write(TextWriter writer, IommuAnswer answer)
    {
        if (answer.Units.Count == 0)
        {
            writer.WriteLine("no IOMMU: every device reaches all memory");
        }

        foreach (IommuUnitAnswer unit in answer.Units)
        {
            WriteUnit(writer, unit);
        }

        if (answer.Firmware is FirmwareAnswer firmware)
        {
            WriteFirmware(writer, firmware);
        }

        foreach (string disagreement in answer.Disagreements)
        {
            writer.WriteLine($"  disagreement: {disagreement}");
        }

        if (answer.ObjectsAbsence is string absence)
        {
            writer.WriteLine($"  the kernel's objects could not be asked: {absence}");
        }
    }

    private static void WriteUnit(TextWriter writer, IommuUnitAnswer unit)
    {
        string name = unit.Name is null ? "" : $" {unit.Name}";
        writer.WriteLine($"{unit.Kind}{name}, {(unit.Registers is { } registers ? $"registers {registers}" : "registers not known")}"
            + $"{(unit.Segment != 0 ? $", PCI segment {unit.Segment:x4}" : "")}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("mode", unit.Mode == "none" ? "no tables" : unit.Mode + (unit.Levels is int levels ? $", {levels} levels" : ""));
        fields.Line("state",
            string.Join(", ",
                new[] { State(unit.Translating, "translation"),
                    State(unit.InterruptRemapping, "interrupt remapping") }.OfType<string>()) is { Length: > 0 } state ? state : null);
        fields.Line("root", unit.Root?.ToString());
        fields.Line("interrupts", unit.InterruptTable is { } table ? $"table {table}" : null);
        fields.Line("found by", string.Join(", ", unit.FoundBy));
        fields.Line("can do", unit.CapabilityNames.Count > 0 ? string.Join(' ', unit.CapabilityNames) : null);
        writer.WriteLine();
        if (unit.Devices.Count > 0)
        {
            TextTable devices = new("device", "pasid", "mode", "domain", "tables", "root", "");
            foreach (DeviceContextAnswer device in unit.Devices)
            {
                devices.Add(
                    device.Device, device.Pasid?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-", device.Mode, $"{device.Domain}",
                    device.Format is null ? "-" : $"{device.Format}, {device.Levels} levels", device.Root?.ToString() ?? "-",
                    string.Join("; ", new[] { device.DeviceTlb ? "ATS" : null, device.Problem, For(device) }.OfType<string>()));
            }

            devices.Write(writer);
            writer.WriteLine();
        }

        if (unit.DevicesCut)
        {
            writer.WriteLine("  there are more than could be followed");
        }
    }

    private static string? For(DeviceContextAnswer device) => device.Owner is string owner ? $"for {Printable.Name(owner)}" : null;

    private static string? State(bool? on, string what) => on is bool known ? $"{what} {(known ? "on" : "off")}" : null;

    private static void WriteFirmware(TextWriter writer, FirmwareAnswer firmware)
    {
        writer.WriteLine($"ACPI {firmware.Table}{(firmware.Physical is { } at ? $" at {at}" : "")}: {firmware.AddressBits}-bit "
            + $"addresses{(firmware.InterruptRemapping is bool remapping ? $", interrupt remapping {(remapping ? "" : "not ")}supported" : "")}"
            + $"{(firmware.DmaControlOptIn ? ", DMA protection wanted from boot" : "")}");
        writer.WriteLine();
        TextTable table = new("what", "address", "devices");
        foreach (FirmwareUnitAnswer unit in firmware.Units)
        {
            table.Add("unit", unit.Registers.ToString(),
                string.Join(", ",
                    new[] { unit.ServesAll ? "all that no other claims" : null }.OfType<string>().Concat(unit.Scopes.Where(scope => scope != "all"))));
        }

        foreach (FirmwareMemoryAnswer range in firmware.Memory)
        {
            table.Add(range.IsExclusion ? "excluded memory" : "open memory", $"{range.Start}-{range.Last} {range.Rights}", string.Join(", ", range.Scopes));
        }

        table.Write(writer);
    }
}
