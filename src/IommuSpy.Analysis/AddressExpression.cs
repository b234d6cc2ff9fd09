using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace IommuSpy.Analysis;

/// <summary>
/// Addresses as people write and paste them; docs/addresses.md lists what is accepted. A text is a number or a symbol, with an offset where one is wanted, and
/// may say what kind of address it is. This is the one place that reads them.
/// </summary>
public static class AddressExpression
{
    private const int KernelPrintedDigits = 16;

    // /proc/PID/maps and the kernel's messages print at least so many digits; fewer are no address without 0x.
    private const int FewestBareDigits = 8;

    // Physical addresses are at most 52 bits wide (Intel SDM volume 3, 4.1.4; AMD APM volume 2, 5.3).
    private const int PhysicalBits = 52;
    private const int FrameShift = 12;

    private static readonly (string Prefix, AddressSort Sort)[] Prefixes =
    [
        ("pfn", AddressSort.Physical), ("phys", AddressSort.Physical), ("gpa", AddressSort.GuestPhysical), ("iova", AddressSort.IoVirtual),
    ];

    /// <summary>Reads a plain number, which is no address: 0x hexadecimal, decimal, or 16 bare hexadecimal digits.</summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, out ulong number)
    {
        text = text.Trim();
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        }

        return text.Length == KernelPrintedDigits && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            || ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Reads a number of bytes: as a number, or decimal with K, M, G or T (powers of 1024).</summary>
    public static bool TryParseSize(ReadOnlySpan<char> text, out ulong bytes)
    {
        text = text.Trim();
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ => 0,
        };
        if (!TryParseNumber(shift == 0 ? text : text[..^1], out bytes) || bytes > ulong.MaxValue >> shift)
        {
            return false;
        }

        bytes <<= shift;
        return true;
    }

    /// <summary>Reads an address that can be no symbol: a number, with what says its kind before it where that is wanted.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">What is wrong; null where nothing is.</param>
    public static bool TryParseNumeric(ReadOnlySpan<char> text, out NamedAddress address, [NotNullWhen(false)] out AddressProblem? problem)
    {
        ReadOnlySpan<char> bare = Unwrapped(text);
        foreach ((string prefix, AddressSort sort) in Prefixes)
        {
            if (bare.Length > prefix.Length && bare.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && bare[prefix.Length] is ':' or ' ')
            {
                return TryParseKind(text, bare[(prefix.Length + 1)..], prefix == "pfn" ? FrameShift : 0, sort, out address, out problem);
            }
        }

        bool read = TryReadDigits(bare, out ulong number, out string? reason);
        address = new(AddressSort.Unsaid, number);
        problem = read ? null : new($"'{text}' is no address: {reason ?? "write 0x and hexadecimal digits, or a decimal number"}");
        return read;
    }

    /// <summary>Reads the two ends of a range as /proc/PID/maps prints them: bare digits there are hexadecimal, whatever they are.</summary>
    /// <param name="first">The one end.</param>
    /// <param name="second">The other end.</param>
    /// <param name="ends">The two numbers.</param>
    /// <returns>False where they are not written that way.</returns>
    public static bool TryParseMapsRange(ReadOnlySpan<char> first, ReadOnlySpan<char> second, out (ulong First, ulong Second) ends)
    {
        ends = default;
        return first.Length is >= FewestBareDigits and <= KernelPrintedDigits && second.Length is >= FewestBareDigits and <= KernelPrintedDigits
            && ulong.TryParse(first, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ends.First)
            && ulong.TryParse(second, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ends.Second);
    }

    /// <summary>Reads one virtual address, whose symbol may be the kernel's or a module's.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="machine">The machine whose symbols it may use.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">What is wrong, in one line; null where nothing is.</param>
    public static bool TryParse(ReadOnlySpan<char> text, Machine machine, out ulong address, [NotNullWhen(false)] out string? problem)
    {
        // What is translated by the thousand is numbers.
        if (TryReadDigits(text.Trim(), out address, out _) && !char.IsAsciiLetter(text.Trim()[0]))
        {
            problem = null;
            return true;
        }

        bool read = TryParseVirtual(text.ToString(), machine, out IReadOnlyList<NamedAddress> addresses, out AddressProblem? refused)
            && IsOne(text.ToString(), addresses, out refused);
        address = read ? addresses[0].Value : 0;
        problem = read ? null : refused!.Message;
        return read;
    }

    /// <summary>Reads a virtual address: one, or of a per-CPU symbol each CPU's.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="machine">The machine whose symbols it may use.</param>
    /// <param name="addresses">The addresses.</param>
    /// <param name="problem">What is wrong; null where nothing is.</param>
    public static bool TryParseVirtual(string text, Machine machine, out IReadOnlyList<NamedAddress> addresses,
        [NotNullWhen(false)] out AddressProblem? problem)
    {
        if (!TryParse(text, machine, out addresses, out problem))
        {
            return false;
        }

        if (addresses[0].Sort is AddressSort.Unsaid or AddressSort.Symbol)
        {
            return true;
        }

        problem = new($"'{text}' is {addresses[0].SortText}: a virtual address is wanted here"
            + (addresses[0].Sort == AddressSort.Physical ? " (who tells where a physical page is mapped)" : ""));
        return false;
    }

    /// <summary>Reads an address of any kind: one, or of a per-CPU symbol each CPU's.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="machine">The machine whose symbols it may use.</param>
    /// <param name="addresses">The addresses.</param>
    /// <param name="problem">What is wrong; null where nothing is.</param>
    public static bool TryParse(string text, Machine machine, out IReadOnlyList<NamedAddress> addresses, [NotNullWhen(false)] out AddressProblem? problem) =>
        TryParse(text, new MachineSymbols(machine), out addresses, out problem);

    /// <summary>Whether only one address was meant.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="addresses">What it means.</param>
    /// <param name="problem">The names of each, where they are several.</param>
    public static bool IsOne(string text, IReadOnlyList<NamedAddress> addresses, [NotNullWhen(false)] out AddressProblem? problem)
    {
        problem = addresses.Count == 1 ? null
            : new($"'{text}' is a per-CPU symbol, and each CPU has its copy: "
                + $"write {string.Join(", ", addresses.Take(MachineSymbols.MostListed).Select(one => $"{one.Name} (0x{one.Value:x16})"))}"
                + (addresses.Count > MachineSymbols.MostListed ? " and so on" : ""));
        return problem is null;
    }

    /// <summary>Reads an address of any kind.</summary>
    internal static bool TryParse(string text, INameSource names, out IReadOnlyList<NamedAddress> addresses, [NotNullWhen(false)] out AddressProblem? problem)
    {
        bool isNumber = TryParseNumeric(text, out NamedAddress number, out problem);
        string bare = Unwrapped(text).ToString();
        if (isNumber)
        {
            addresses = [number];

            // "deadbeef" may be both.
            bool isBoth = number.Sort == AddressSort.Unsaid && char.IsAsciiLetter(bare[0]) && names.Find(null, bare).Count > 0;
            problem = isBoth ? new($"'{text}' is a symbol and a number: write 0x{number.Value:x}, or {bare}+0 for the symbol") : null;
            return !isBoth;
        }

        addresses = [];
        if (problem is null || IsPrefixed(bare))
        {
            problem ??= new($"'{text}' is no address: {Accepted}");
            return false;
        }

        if (bare.Length == 0 || !SymbolText.TryParse(bare, out SymbolText symbol, out string? reason))
        {
            problem = new(bare.Length == 0 ? $"'{text}' is no address: {Accepted}" : $"'{text}': {SymbolText.Reason(bare)}");
            return false;
        }

        // A number with an offset.
        bool isBare = symbol.Module is null && symbol.Cpu is null && symbol.Offset != 0;
        if (isBare && TryReadDigits(symbol.Name, out ulong start, out _) && (!char.IsAsciiLetter(symbol.Name[0]) || names.Find(null, symbol.Name).Count == 0))
        {
            addresses = [new(AddressSort.Unsaid, unchecked(start + symbol.Offset))];
            problem = null;
            return true;
        }

        if (char.IsAsciiDigit(symbol.Name[0]) || !SymbolText.IsName(symbol.Name))
        {
            problem = char.IsAsciiDigit(bare[0]) ? problem : new($"'{text}' is no address: {Accepted}");
            return false;
        }

        return names.TryResolve(text, symbol, out addresses, out problem);
    }

    private const string Accepted = "write 0x and hexadecimal, decimal, or symbol+offset";

    private static bool IsPrefixed(string bare) => Prefixes.Any(known => bare.StartsWith(known.Prefix + ":", StringComparison.OrdinalIgnoreCase));

    private static bool TryParseKind(
        ReadOnlySpan<char> text, ReadOnlySpan<char> digits, int shift, AddressSort sort, out NamedAddress address,
        [NotNullWhen(false)] out AddressProblem? problem)
    {
        address = default;
        bool isPhysical = sort == AddressSort.Physical;
        string? reason = null;
        if (!TryReadDigits(digits.Trim(), out ulong number, out reason) || (isPhysical && number >= 1UL << (PhysicalBits - shift)))
        {
            problem = new($"'{text}': {reason ?? $"no number of at most {(isPhysical ? PhysicalBits - shift : 64)} bits follows the colon"}");
            return false;
        }

        address = new(sort, number << shift);
        problem = null;
        return true;
    }

    /// <summary>The text without what surrounds an address in the kernel's messages and in listings: "[&lt;ffffffff81000000&gt;]".</summary>
    private static ReadOnlySpan<char> Unwrapped(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        foreach ((string open, string close) in (ReadOnlySpan<(string, string)>)[("[<", ">]"), ("<", ">")])
        {
            if (text.Length > open.Length + close.Length && text.StartsWith(open) && text.EndsWith(close))
            {
                return text[open.Length..^close.Length].Trim();
            }
        }

        return text;
    }

    /// <summary>Reads the digits of an address. Of what reads as two numbers, the reason tells both.</summary>
    private static bool TryReadDigits(ReadOnlySpan<char> text, out ulong number, out string? reason)
    {
        number = 0;
        reason = null;
        const int LongestNumber = 64;
        Span<char> buffer = stackalloc char[LongestNumber];
        if (text.Length > LongestNumber || !TryWithoutSeparators(text, buffer, out int length))
        {
            return false;
        }

        ReadOnlySpan<char> digits = buffer[..length];
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        }

        bool isHex = ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hexadecimal);
        if (!digits.ContainsAnyExceptInRange('0', '9'))
        {
            bool isDecimal = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong inTens);
            bool isPrinted = isHex && (digits.Length == KernelPrintedDigits || (digits.Length >= FewestBareDigits && digits[0] == '0'));
            if (!isPrinted && isHex && isDecimal && digits.Length >= FewestBareDigits)
            {
                reason = $"it may be hexadecimal or decimal: write 0x{hexadecimal:x} or 0x{inTens:x}";
                return false;
            }

            number = isPrinted ? hexadecimal : inTens;
            return isPrinted || isDecimal;
        }

        if (isHex && digits.Length < FewestBareDigits && char.IsAsciiDigit(digits[0]))
        {
            reason = $"hexadecimal of fewer than {FewestBareDigits} digits is written with 0x: 0x{hexadecimal:x}";
        }

        number = hexadecimal;
        return isHex && digits.Length >= FewestBareDigits;
    }

    /// <summary>Leaves out the backtick of WinDbg and underscores, each between two digits.</summary>
    private static bool TryWithoutSeparators(ReadOnlySpan<char> text, Span<char> digits, out int length)
    {
        length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('_' or '`'))
            {
                digits[length++] = text[i];
            }
            else if (i == 0 || i == text.Length - 1 || !char.IsAsciiHexDigit(text[i - 1]) || !char.IsAsciiHexDigit(text[i + 1]))
            {
                return false;
            }
        }

        return length > 0;
    }
}
