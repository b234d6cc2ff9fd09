using System.Text;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>Reads a log line by line and gives each IOMMU event that it reports, with what the lines after it add.</summary>
/// <remarks>Old kernels and Xen print the reason on a line of its own.</remarks>
public sealed class FaultLog
{
    /// <summary>Most characters of a line that are looked at. A kernel's own line has at most 1,024, and what syslog or journalctl put before it.</summary>
    public const int MostLineLength = 8192;

    // Lines of other drivers and other CPUs come between; what is farther away belongs to something else.
    private const int MostLinesBetween = 16;

    private FaultLine? _held;
    private string? _fragment;
    private int _between;

    /// <summary>The event that the lines so far belong to, as they tell it; null where they belong to none.</summary>
    internal FaultLine? Current => _held;

    /// <summary>Takes a line.</summary>
    /// <param name="line">The line, with whatever stands before and after the event.</param>
    /// <returns>The event before it, which is complete now; null where there is none.</returns>
    public FaultLine? Add(string line)
    {
        string text = FaultParser.Clean(line.Length > MostLineLength ? line[..MostLineLength] : line);
        if (!FaultParser.MayMatter(text))
        {
            return Passed();
        }

        // What the SMMU's driver prints of an event in words looks like one by itself.
        if (_held is FaultLine begun && SmmuEvent.Joined(begun, text) is FaultLine longer)
        {
            _held = longer;
            _between = 0;
            return null;
        }

        if (FaultParser.Event(text) is FaultLine read)
        {
            // The other half of an event that was split may have come first.
            FaultLine whole = _fragment is string fragment ? FaultParser.WithFields(read, text, fragment) ?? read : read;
            _fragment = null;
            return Hold(whole);
        }

        if (_held is FaultLine held && FaultParser.Joined(held, text) is FaultLine joined)
        {
            _held = joined;
            return null;
        }

        if (FaultParser.IsFields(text))
        {
            _fragment = text;
            _between = 0;
            return null;
        }

        return Passed();
    }

    /// <summary>The last event, after the last line; null where there is none.</summary>
    public FaultLine? End() => Hold(null);

    /// <summary>Reads the lines of a stream. A line longer than <see cref="MostLineLength"/> gives its beginning; the rest is passed over.</summary>
    /// <param name="input">Text of any encoding that has ASCII in it.</param>
    public static IEnumerable<string> Lines(Stream input)
    {
        byte[] buffer = new byte[1 << 16];
        StringBuilder line = new();
        for (int length = input.Read(buffer); length > 0; length = input.Read(buffer))
        {
            for (int i = 0; i < length; i++)
            {
                if (buffer[i] is (byte)'\n' or (byte)'\r')
                {
                    yield return line.ToString();
                    line.Clear();
                }
                else if (line.Length < MostLineLength)
                {
                    line.Append((char)buffer[i]);
                }
            }
        }

        yield return line.ToString();
    }

    private FaultLine? Passed()
    {
        if (++_between <= MostLinesBetween)
        {
            return null;
        }

        _fragment = null;
        return Hold(null);
    }

    private FaultLine? Hold(FaultLine? next)
    {
        FaultLine? before = _held;
        _held = next;
        _between = 0;
        return before;
    }
}
