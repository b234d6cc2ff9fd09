using System.Globalization;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>What a guest's kernel itself answered about every device's domain (oracle/guest/iommu-domains).</summary>
internal sealed class DomainOracle
{
    private DomainOracle(string path)
    {
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ');
            if (words[0] == "device")
            {
                Devices[words[1]] = words[3] == "-" ? null : (Number(words[3]), words[5]);
            }
            else if (words[0] == "map")
            {
                int domain = (int)Hex(words[1], 10);
                (ulong iova, ulong physical, ulong pages) = (Hex(words[2]), Hex(words[3]), Hex(words[4]));
                for (ulong i = 0; i < pages; i++)
                {
                    Pages.Add((domain, iova + (i << 12), physical + (i << 12)));
                }
            }
        }
    }

    /// <summary>Each device's domain, by a number of the oracle's own, and its type; null for none.</summary>
    public Dictionary<string, (int Domain, string Type)?> Devices { get; } = [];

    /// <summary>Every page below 4 GiB of each domain: the domain, I/O virtual address, physical address.</summary>
    public List<(int Domain, ulong Iova, ulong Physical)> Pages { get; } = [];

    /// <summary>The oracle of a capture; null where Debian has no headers for its kernel, so that nobody asked.</summary>
    public static DomainOracle? Of(Capture capture) => File.Exists(capture.GuestOracle("iommu-domains")) ? new(capture.GuestOracle("iommu-domains")) : null;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static ulong Hex(string text, int radix = 16) => Convert.ToUInt64(text, radix);
}
