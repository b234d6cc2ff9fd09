using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Analysis;

/// <summary>An address as a user writes it: 0x hexadecimal, decimal, 16 bare hexadecimal digits as the kernel prints them, or symbol[+offset].</summary>
public static class AddressExpression
{
    private const int KernelPrintedDigits = 16;

    /// <summary>Reads a number: 0x hexadecimal, decimal, or 16 bare hexadecimal digits.</summary>
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

    /// <summary>Reads an address.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="symbols">Names it may use; null for none.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">What is wrong, in one line; null where nothing is.</param>
    public static bool TryParse(ReadOnlySpan<char> text, SymbolTable? symbols, out ulong address, [NotNullWhen(false)] out string? problem) =>
        TryParse(text, symbols is null ? null : name => symbols.TryFind(name, out Symbol symbol) ? symbol : null, out address, out problem);

    /// <summary>Reads an address, whose symbol may be the kernel's or a module's: "e1000_probe+0x10", "init [nvme]".</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="machine">The machine whose symbols it may use.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">What is wrong, in one line; null where nothing is.</param>
    public static bool TryParse(ReadOnlySpan<char> text, Machine machine, out ulong address, [NotNullWhen(false)] out string? problem) =>
        TryParse(text, machine.Symbols is null ? null : name => machine.FindSymbol(name), out address, out problem);

    private delegate Symbol? SymbolFinder(ReadOnlySpan<char> name);

    private static bool TryParse(ReadOnlySpan<char> text, SymbolFinder? symbols, out ulong address, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (TryParseNumber(text, out address))
        {
            return true;
        }

        ReadOnlySpan<char> name = text.Trim();
        ulong offset = 0;
        int plus = name.LastIndexOf('+');
        if (plus > 0)
        {
            if (!TryParseNumber(name[(plus + 1)..], out offset))
            {
                problem = $"'{text}': what follows the + is no number";
                return false;
            }

            name = name[..plus];
        }

        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            problem = $"'{text}' is no address: write 0x and hexadecimal, decimal, or symbol+offset";
            return false;
        }

        if (symbols?.Invoke(name) is not Symbol symbol)
        {
            problem = symbols is null ? $"'{name}': this image has no symbols" : $"'{name}': no such symbol (try: symbols '*{name}*')";
            return false;
        }

        address = unchecked(symbol.Address.Value + offset);
        return true;
    }
}
