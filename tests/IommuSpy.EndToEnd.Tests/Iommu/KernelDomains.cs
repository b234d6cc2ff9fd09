using System.Globalization;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>What the guest's kernel answered for every page below 4 GiB of every device's domain.</summary>
internal sealed class KernelDomains
{
    private const ulong Page = 4096;

    private readonly Dictionary<string, Dictionary<ulong, ulong>> _pages = new(StringComparer.Ordinal);

    public KernelDomains(Capture capture)
    {
        foreach (string line in File.ReadLines(capture.GuestOracle("iommu-domains")))
        {
            string[] fields = line.Split(' ');
            if (fields[0] == "device" && fields[3] != "-")
            {
                Devices.Add((fields[1], fields[3], fields[5]));
            }
            else if (fields[0] == "domain")
            {
                _pages[fields[1]] = [];
            }
            else if (fields[0] == "map")
            {
                for (ulong i = 0; i < Hex(fields[4]); i++)
                {
                    _pages[fields[1]][Hex(fields[2]) + (i * Page)] = Hex(fields[3]) + (i * Page);
                }
            }
        }
    }

    /// <summary>Each device with its domain's number here and its type.</summary>
    public List<(string Device, string Domain, string Type)> Devices { get; } = [];

    /// <summary>Physical address by I/O virtual address of every mapped page.</summary>
    public IReadOnlyDictionary<ulong, ulong> PagesOf(string domain) => _pages[domain];

    private static ulong Hex(string text) => ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
