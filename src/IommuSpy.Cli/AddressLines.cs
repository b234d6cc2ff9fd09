using System.Text;

namespace IommuSpy.Cli;

/// <summary>The lines of standard input, one by one: whoever writes them may wait for the answer to one before writing the next.</summary>
internal static class AddressLines
{
    private const int BufferBytes = 1 << 16;

    // No address and no symbol is so long: the rest of such a line is not kept.
    private const int LongestLine = 4096;

    /// <summary>Reads them as they come.</summary>
    /// <param name="input">Where from.</param>
    /// <param name="waits">Called before each wait for more: what was answered so far has to be with the reader by then.</param>
    public static IEnumerable<string> Of(Stream input, Action waits)
    {
        byte[] buffer = new byte[BufferBytes];
        byte[] line = new byte[LongestLine];
        int length = 0;
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
                int kept = Math.Min(part, Math.Max(0, LongestLine - length));
                Array.Copy(buffer, at, line, Math.Min(length, LongestLine), kept);
                length = (int)Math.Min((long)length + part, int.MaxValue);
                at += part;
                if (end >= 0)
                {
                    yield return Text(line, length);
                    length = 0;
                    at++;
                }
            }
        }

        if (length > 0)
        {
            yield return Text(line, length);
        }
    }

    // What is cut ends in dots, so that it is never taken for an address.
    private static string Text(byte[] line, int length) =>
        length > LongestLine ? Encoding.UTF8.GetString(line, 0, 32) + "..." : Encoding.UTF8.GetString(line, 0, length).Trim();
}
