using System.Text;

namespace IommuSpy.Cli;

/// <summary>The lines of an input, one by one: whoever writes them may wait for the answer to one before writing the next.</summary>
internal static class InputLines
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Reads them as they come, without the line's end.</summary>
    /// <param name="input">Where from.</param>
    /// <param name="longest">Bytes that a line may have: the rest of a longer one is not kept.</param>
    /// <param name="waits">Called before each wait for more: what was answered so far has to be with the reader by then.</param>
    public static IEnumerable<InputLine> Of(Stream input, int longest, Action waits)
    {
        byte[] buffer = new byte[BufferBytes];
        using MemoryStream line = new();
        bool isCut = false;
        bool hasBegun = false;
        while (true)
        {
            waits();
            int read = input.Read(buffer, 0, buffer.Length);
            if (read == 0)
            {
                break;
            }

            int at = 0;
            while (at < read)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', at, read - at);
                int part = (end < 0 ? read : end) - at;
                int kept = Math.Min(part, longest - (int)line.Length);
                line.Write(buffer, at, kept);
                isCut |= kept < part;
                hasBegun = true;
                at += part;
                if (end >= 0)
                {
                    yield return Whole(line, isCut);
                    line.SetLength(0);
                    isCut = false;
                    hasBegun = false;
                    at++;
                }
            }
        }

        if (hasBegun)
        {
            yield return Whole(line, isCut);
        }
    }

    private static InputLine Whole(MemoryStream line, bool isCut) => new(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length), isCut);
}

/// <summary>A line of an input.</summary>
/// <param name="Text">The line, or its beginning.</param>
/// <param name="IsCut">Whether it is longer than it may be.</param>
internal readonly record struct InputLine(string Text, bool IsCut);
