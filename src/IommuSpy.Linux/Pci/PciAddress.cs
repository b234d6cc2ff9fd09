using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace IommuSpy.Linux.Pci;

/// <summary>Where a PCI function is: domain, bus, device, function.</summary>
/// <param name="Domain">The domain (segment): 0-0xffff of firmware; Linux numbers those of VMD controllers from 0x10000 on.</param>
/// <param name="Bus">The bus.</param>
/// <param name="DeviceFunction">Device in bits 3-7, function in bits 0-2, as Linux's devfn.</param>
public readonly record struct PciAddress(uint Domain, byte Bus, byte DeviceFunction) : IComparable<PciAddress>
{
    private const int LongestPart = 8;

    /// <summary>The device's number on its bus, 0-31.</summary>
    public int Device => DeviceFunction >> 3;

    /// <summary>The function's number in its device, 0-7.</summary>
    public int Function => DeviceFunction & 7;

    /// <summary>What the function calls itself on the bus, by which an IOMMU knows it: bus in bits 8-15, devfn in bits 0-7 (PCIe "Requester ID").</summary>
    public ushort RequesterId => (ushort)((Bus << 8) | DeviceFunction);

    /// <summary>"0000:00:1f.2".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Device:x2}.{Function}");

    /// <inheritdoc/>
    public int CompareTo(PciAddress other) => Domain != other.Domain ? Domain.CompareTo(other.Domain) : RequesterId.CompareTo(other.RequesterId);

    /// <summary>Reads "0000:00:1f.2", or without the domain "00:1f.2".</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PciAddress address)
    {
        address = default;
        string[] parts = (text ?? "").Split(':');
        string[] last = parts[^1].Split('.');
        if (parts.Length is not (2 or 3) || last.Length != 2
            || !TryParseHex(parts.Length == 3 ? parts[0] : "0", uint.MaxValue, out uint domain) || !TryParseHex(parts[^2], byte.MaxValue, out uint bus)
            || !TryParseHex(last[0], 31, out uint device) || !TryParseHex(last[1], 7, out uint function))
        {
            return false;
        }

        address = new(domain, (byte)bus, (byte)((device << 3) | function));
        return true;
    }

    /// <summary>Whether the one comes before the other.</summary>
    public static bool operator <(PciAddress left, PciAddress right) => left.CompareTo(right) < 0;

    /// <summary>Whether the one comes after the other.</summary>
    public static bool operator >(PciAddress left, PciAddress right) => left.CompareTo(right) > 0;

    /// <summary>Whether the one does not come after the other.</summary>
    public static bool operator <=(PciAddress left, PciAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the one does not come before the other.</summary>
    public static bool operator >=(PciAddress left, PciAddress right) => left.CompareTo(right) >= 0;

    private static bool TryParseHex(string text, uint most, out uint value)
    {
        value = 0;
        return text.Length is > 0 and <= LongestPart && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            && value <= most;
    }
}
