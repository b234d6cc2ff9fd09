using System.Globalization;

namespace IommuSpy.Translation.Devices;

/// <summary>Who is behind a request on the bus, as an IOMMU sees it: bus, device and function of a PCI segment (PCI Express base specification, 2.2.4.2).</summary>
/// <param name="Segment">PCI segment group (domain), 0 on most machines.</param>
/// <param name="Value">Bus in bits 8-15, device in 3-7, function in 0-2.</param>
public readonly record struct RequesterId(ushort Segment, ushort Value) : IComparable<RequesterId>
{
    /// <summary>A requester of segment 0.</summary>
    public RequesterId(int bus, int device, int function)
        : this(0, (ushort)((bus << 8) | (device << 3) | function))
    {
    }

    /// <summary>0 to 255.</summary>
    public int Bus => Value >> 8;

    /// <summary>0 to 31.</summary>
    public int Device => (Value >> 3) & 0x1f;

    /// <summary>0 to 7.</summary>
    public int Function => Value & 7;

    /// <summary>Device and function in one: the index into a context table.</summary>
    public int DeviceFunction => Value & 0xff;

    /// <summary>Reads "00:1f.2" or "0000:00:1f.2"; hexadecimal but for the function.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RequesterId requester)
    {
        requester = default;
        int dot = text.LastIndexOf('.');
        int colon = text.LastIndexOf(':');
        if (colon < 0 || dot != colon + 3 || !TryHex(text[(colon + 1)..dot], 2, out int device) || !TryHex(text[(dot + 1)..], 1, out int function))
        {
            return false;
        }

        ReadOnlySpan<char> front = text[..colon];
        int segmentEnd = front.LastIndexOf(':');
        int segment = 0;
        if (!TryHex(front[(segmentEnd + 1)..], 2, out int bus) || (segmentEnd >= 0 && !TryHex(front[..segmentEnd], 4, out segment)) || device > 0x1f || function > 7)
        {
            return false;
        }

        requester = new((ushort)segment, (ushort)((bus << 8) | (device << 3) | function));
        return true;
    }

    private static bool TryHex(ReadOnlySpan<char> text, int digits, out int value)
    {
        value = 0;
        return text.Length == digits && int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <inheritdoc/>
    public int CompareTo(RequesterId other) => Segment != other.Segment ? Segment.CompareTo(other.Segment) : Value.CompareTo(other.Value);

    /// <summary>As Linux writes it: "0000:00:1f.2".</summary>
    public override string ToString() => $"{Segment:x4}:{Bus:x2}:{Device:x2}.{Function:x}";
}
