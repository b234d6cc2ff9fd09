using System.Globalization;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pci;

/// <summary>
/// Names of PCI vendors, devices and classes, as the pci.ids file of this machine has them (package pci.ids or hwdata). Without the file there are no names.
/// </summary>
/// <remarks>
/// The file's lines: "8086 Vendor", below it "\t10d3 Device"; classes behind them as "C 02 Class", "\t00 Subclass". Lines of two tabs, subsystems and
/// programming interfaces, are left out.
/// </remarks>
public sealed class PciNames
{
    private static readonly string[] Places = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"];

    // The file has 1.5 MB; what is many times that is not it.
    private const long MaxFileBytes = 32 << 20;

    private readonly Dictionary<uint, string> _devices = [];
    private readonly Dictionary<ushort, string> _vendors = [];
    private readonly Dictionary<ushort, string> _classes = [];
    private readonly Dictionary<byte, string> _baseClasses = [];

    private PciNames(IEnumerable<string> lines)
    {
        ushort? vendor = null;
        byte? baseClass = null;
        foreach (string line in lines)
        {
            if (line.Length < 4 || line[0] == '#' || line.StartsWith("\t\t", StringComparison.Ordinal))
            {
                continue;
            }

            if (line[0] == '\t')
            {
                if (vendor is ushort owner && Number(line, 1, 4) is uint device)
                {
                    _devices[((uint)owner << 16) | device] = line[5..].Trim();
                }
                else if (baseClass is byte above && Number(line, 1, 2) is uint subclass)
                {
                    _classes[(ushort)((above << 8) | (byte)subclass)] = line[3..].Trim();
                }

                continue;
            }

            vendor = (ushort?)Number(line, 0, 4);
            baseClass = line.StartsWith("C ", StringComparison.Ordinal) ? (byte?)Number(line, 2, 2) : null;
            if (vendor is ushort named)
            {
                _vendors[named] = line[4..].Trim();
            }
            else if (baseClass is byte code)
            {
                _baseClasses[code] = line[4..].Trim();
            }
        }
    }

    /// <summary>The names that this machine has; none where no file is readable.</summary>
    public static PciNames Installed { get; } = Load();

    /// <summary>Reads names from a file of that form.</summary>
    public static PciNames Read(TextReader reader) => new(Lines(reader));

    /// <summary>A vendor's name; null for one that is not listed.</summary>
    public string? Vendor(ushort vendor) => _vendors.GetValueOrDefault(vendor);

    /// <summary>A device's name without its vendor's; null for one that is not listed.</summary>
    public string? Device(ushort vendor, ushort device) => _devices.GetValueOrDefault(((uint)vendor << 16) | device);

    /// <summary>A class's name: of its base and subclass, or of the base alone; null for one that is not listed.</summary>
    /// <param name="code">The 24-bit class code.</param>
    public string? Class(uint code) => _classes.GetValueOrDefault((ushort)(code >> 8)) ?? _baseClasses.GetValueOrDefault((byte)(code >> 16));

    private static PciNames Load()
    {
        foreach (string place in Places)
        {
            try
            {
                if (File.Exists(place))
                {
                    using StreamReader reader = new(new MemoryStream(Opener.ReadAll(place, MaxFileBytes)), Encoding.UTF8);
                    return Read(reader);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Names are a courtesy: the next place, or none.
            }
        }

        return new([]);
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }

    private static uint? Number(string line, int at, int digits) => line.Length > at + digits && line[at + digits] == ' '
        && uint.TryParse(line.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number) ? number : null;
}
