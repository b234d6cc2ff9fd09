using System.Globalization;
using System.Text;
using IommuSpy.Memory.Search;

namespace IommuSpy.Analysis.Find;

/// <summary>Reads what is searched for, as people write it.</summary>
public static class PatternText
{
    /// <summary>What is accepted, for help.</summary>
    public const string Spellings = "text, or text:TEXT; utf16:TEXT; hex:48 8b ?? 0? with ? for any digit; u8, u16, u32 or u64:N, :N/MASK or :FROM..TO "
        + "(aligned, little-endian); pointer:ADDR or pointer:A-B (from A up to B); re:EXPRESSION over bytes, a match at most 4096 of them";

    private static readonly (string Name, int Bytes)[] Numbers = [("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8)];

    /// <summary>Reads one.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="machine">The machine whose symbols pointers may name.</param>
    /// <param name="ignoreCase">Whether the case of ASCII letters does not matter.</param>
    /// <param name="unaligned">Whether numbers and pointers may stand anywhere.</param>
    /// <param name="problem">What is wrong; null where nothing is.</param>
    /// <returns>Null where it is none.</returns>
    public static SearchPattern? Parse(string text, Machine machine, bool ignoreCase, bool unaligned, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? "" : text[..colon];
        string rest = text[(colon + 1)..];
        problem = null;
        try
        {
            return kind switch
            {
                "text" => Characters(text, Encoding.UTF8.GetBytes(rest), ignoreCase, 1),
                "utf16" => Characters(text, Encoding.Unicode.GetBytes(rest), ignoreCase, 2),
                "hex" => Hex(text, rest),
                "re" => new RegexPattern(text, rest, ignoreCase),
                "pointer" => Pointer(text, rest, machine, unaligned),
                _ when Array.Find(Numbers, number => number.Name == kind) is (not null, int bytes) => Number(text, rest, bytes, unaligned ? 1 : bytes),
                _ => Characters(text, Encoding.UTF8.GetBytes(text), ignoreCase, 1),
            };
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            problem = $"'{text}': {(e is FormatException ? e.Message : e.Message.Split(" (Parameter", 2)[0])}";
            return null;
        }
    }

    private static BytesPattern Characters(string text, byte[] bytes, bool ignoreCase, int width)
    {
        byte[] mask = new byte[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bool letter = char.IsAsciiLetter((char)bytes[i]) && (width == 1 || (i % 2 == 0 && bytes[i + 1] == 0));
            mask[i] = (byte)(ignoreCase && letter ? 0xdf : 0xff);
        }

        return Checked(text, bytes, mask, 1);
    }

    private static BytesPattern Checked(string text, byte[] bytes, byte[] mask, int alignment) => bytes.Length switch
    {
        0 => throw new FormatException("there is nothing to search for"),
        > SearchPattern.MostBytes => throw new FormatException($"a pattern has at most {SearchPattern.MostBytes} bytes"),
        _ => new(text, bytes, mask, alignment),
    };

    private static BytesPattern Hex(string text, string digits)
    {
        string bare = string.Concat(digits.Where(character => character is not (' ' or ',')));
        if (bare.Length % 2 != 0)
        {
            throw new FormatException("write two digits a byte, ? for a digit that does not matter");
        }

        byte[] bytes = new byte[bare.Length / 2];
        byte[] mask = new byte[bytes.Length];
        for (int i = 0; i < bare.Length; i++)
        {
            int shift = i % 2 == 0 ? 4 : 0;
            if (bare[i] == '?')
            {
                continue;
            }

            if (!char.IsAsciiHexDigit(bare[i]))
            {
                throw new FormatException($"'{bare[i]}' is no hexadecimal digit, and no ?");
            }

            bytes[i / 2] |= (byte)(Convert.ToInt32(bare[i].ToString(), 16) << shift);
            mask[i / 2] |= (byte)(0xf << shift);
        }

        return Checked(text, bytes, mask, 1);
    }

    private static SearchPattern Number(string text, string rest, int bytes, int alignment)
    {
        int dots = rest.IndexOf("..", StringComparison.Ordinal);
        if (dots >= 0)
        {
            (ulong first, ulong last) = (Value(rest[..dots], bytes), Value(rest[(dots + 2)..], bytes));
            return first <= last ? new NumberRangePattern(text, bytes, first, last, alignment) : throw new FormatException("the range ends before it begins");
        }

        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        ulong value = Value(slash < 0 ? rest : rest[..slash], bytes);
        ulong mask = slash < 0 ? ulong.MaxValue : Value(rest[(slash + 1)..], bytes);
        return mask != 0 ? new BytesPattern(text, BitConverter.GetBytes(value).AsSpan(0, bytes), BitConverter.GetBytes(mask).AsSpan(0, bytes), alignment)
            : throw new FormatException("no bit of the mask is set: every number is such");
    }

    private static ulong Value(string text, int bytes)
    {
        ulong most = ulong.MaxValue >> (64 - (8 * bytes));
        if (text.StartsWith('-') && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long negative)
            && negative >= -(long)(most / 2) - 1)
        {
            return (ulong)negative & most;
        }

        return AddressExpression.TryParseNumber(text, out ulong number) && number <= most ? number
            : throw new FormatException($"'{text}' is no number of {8 * bytes} bits");
    }

    private static SearchPattern Pointer(string text, string rest, Machine machine, bool unaligned)
    {
        int alignment = unaligned ? 1 : sizeof(ulong);
        for (int dash = rest.IndexOf('-', StringComparison.Ordinal); dash > 0; dash = rest.IndexOf('-', dash + 1))
        {
            if (AddressExpression.TryParse(rest.AsSpan(0, dash), machine, out ulong first, out _)
                && AddressExpression.TryParse(rest.AsSpan(dash + 1), machine, out ulong behind, out _))
            {
                return first < behind ? new NumberRangePattern(text, sizeof(ulong), first, behind - 1, alignment)
                    : throw new FormatException("the range ends before it begins");
            }
        }

        return AddressExpression.TryParse(rest, machine, out ulong address, out string? problem)
            ? new BytesPattern(text, BitConverter.GetBytes(address), BitConverter.GetBytes(ulong.MaxValue), alignment)
            : throw new FormatException(problem);
    }
}
