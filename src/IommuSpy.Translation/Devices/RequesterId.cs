using System.Globalization;

namespace IommuSpy.Translation.Devices;

/// <summary>
/// Who is behind a request on the bus, as an IOMMU sees it: bus, device and function of a PCI segment (PCI Express base specification, 2.2.4.2).
/// </summary>
/// <param name="Segment">PCI segment group (domain), 0 on most machines. Linux numbers those behind VMD controllers from 0x10000 on: no IOMMU knows
/// them.</param>
/// <param name="Value">Bus in bits 8-15, device in 3-7, function in 0-2.</param>
public readonly record struct RequesterId(uint Segment, ushort Value) : IComparable<RequesterId>
{
    private const int LongestPart = 8;

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

    /// <summary>Reads "00:1f.2", "0:1f.2", "0000:00:1f.2" or "10000:00:1f.2"; hexadecimal but for the function.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RequesterId requester) => TryParse(text, out requester, out _);

    /// <summary>Reads "00:1f.2", "0:1f.2", "0000:00:1f.2" or "10000:00:1f.2"; hexadecimal but for the function.</summary>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="requester">Who is meant.</param>
    /// <param name="problem">Which part is too large: "device 20: at most 1f"; null where nothing is wrong, and where the text is of another form
    /// altogether.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out RequesterId requester, out string? problem)
    {
        requester = default;
        problem = null;
        int dot = text.LastIndexOf('.');
        int colon = dot < 0 ? -1 : text[..dot].LastIndexOf(':');
        if (colon < 0)
        {
            return false;
        }

        ReadOnlySpan<char> front = text[..colon];
        int segmentEnd = front.LastIndexOf(':');
        uint segment = 0;
        if (!TryHex(front[(segmentEnd + 1)..], out uint bus) || (segmentEnd >= 0 && !TryHex(front[..segmentEnd], out segment))
            || !TryHex(text[(colon + 1)..dot], out uint device) || !TryHex(text[(dot + 1)..], out uint function))
        {
            return false;
        }

        problem = bus > 0xff ? $"bus {bus:x}: at most ff"
            : device > 0x1f ? $"device {device:x}: at most 1f" : function > 7 ? $"function {function:x}: at most 7" : null;
        requester = problem is null ? new(segment, (ushort)((bus << 8) | (device << 3) | function)) : default;
        return problem is null;
    }

    private static bool TryHex(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length is > 0 and <= LongestPart && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <inheritdoc/>
    public int CompareTo(RequesterId other) => Segment != other.Segment ? Segment.CompareTo(other.Segment) : Value.CompareTo(other.Value);

    /// <summary>As Linux writes it: "0000:00:1f.2".</summary>
    public override string ToString() => $"{Segment:x4}:{Bus:x2}:{Device:x2}.{Function:x}";
}
