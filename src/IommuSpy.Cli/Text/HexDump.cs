using System.Text;

namespace IommuSpy.Cli.Text;

/// <summary>Bytes of memory as text, 16 a line.</summary>
internal static class HexDump
{
    private const int LineBytes = 16;

    /// <summary>Each byte in hexadecimal, and beside them as ASCII.</summary>
    public static void WriteBytes(TextWriter writer, ulong address, ReadOnlySpan<byte> bytes)
    {
        StringBuilder line = new();
        for (int at = 0; at < bytes.Length; at += LineBytes)
        {
            ReadOnlySpan<byte> here = bytes.Slice(at, Math.Min(LineBytes, bytes.Length - at));
            line.Clear().Append($"{address + (ulong)at:x16} ");
            for (int i = 0; i < LineBytes; i++)
            {
                line.Append(i == LineBytes / 2 ? "  " : " ").Append(i < here.Length ? $"{here[i]:x2}" : "  ");
            }

            line.Append("  |");
            foreach (byte value in here)
            {
                line.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
            }

            writer.WriteLine(line.Append('|'));
        }
    }

    /// <summary>Little-endian words, 16 bytes a line; a last part of a word as bytes.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="address">Of the first byte.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="width">Bytes of a word: 1, 2, 4 or 8.</param>
    public static void WriteWords(TextWriter writer, ulong address, ReadOnlySpan<byte> bytes, int width = sizeof(ulong))
    {
        StringBuilder line = new();
        for (int at = 0; at < bytes.Length; at += LineBytes)
        {
            ReadOnlySpan<byte> here = bytes.Slice(at, Math.Min(LineBytes, bytes.Length - at));
            line.Clear().Append($"{address + (ulong)at:x16}");
            string space = "  ";
            for (; here.Length >= width; here = here[width..], space = width == sizeof(ulong) ? "  " : " ")
            {
                line.Append(space);
                for (int i = width - 1; i >= 0; i--)
                {
                    line.Append($"{here[i]:x2}");
                }
            }

            foreach (byte value in here)
            {
                line.Append($" {value:x2}");
            }

            writer.WriteLine(line);
        }
    }
}
