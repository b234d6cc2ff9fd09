using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace IommuSpy.Analysis;

/// <summary>A symbol as people write it: "init_task", "e1000e:e1000_probe+0x10", "runqueues:1", "schedule+0x10/0x100 [module]".</summary>
/// <param name="Module">The module that it is of; "vmlinux" for the kernel's own; null where that is not said.</param>
/// <param name="Name">The name.</param>
/// <param name="Cpu">Whose copy of a per-CPU symbol; null where that is not said.</param>
/// <param name="Offset">Bytes from the symbol on; a negative offset wraps around.</param>
/// <param name="Size">How long the symbol is, as an oops says behind a slash; null where it does not.</param>
internal readonly record struct SymbolText(string? Module, string Name, int? Cpu, ulong Offset, ulong? Size)
{
    /// <summary>What stands for a module where the kernel's own symbol is meant.</summary>
    public const string Kernel = "vmlinux";

    /// <summary>Reads the text of a symbol with an offset.</summary>
    public static bool TryParse(string text, out SymbolText symbol, [NotNullWhen(false)] out string? reason)
    {
        reason = Parse(text, out symbol);
        return reason is null;
    }

    /// <summary>Why the text is no symbol with an offset.</summary>
    public static string Reason(string text) => Parse(text, out _) ?? "";

    /// <summary>Whether it may be a symbol's name: of C, of a compiler's clone of a function, or of Rust.</summary>
    public static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '$' or '@' || c > 0x7f);

    /// <summary>With its offset, as it is accepted back.</summary>
    public string WithOffset(string name) => Offset == 0 ? name
        : (long)Offset < 0 ? string.Create(CultureInfo.InvariantCulture, $"{name}-0x{unchecked(0 - Offset):x}")
        : string.Create(CultureInfo.InvariantCulture, $"{name}+0x{Offset:x}");

    private static string? Parse(string text, out SymbolText symbol)
    {
        symbol = default;
        string rest = text;
        string? module = null;
        if (rest.EndsWith(']') && rest.LastIndexOf('[') is > 0 and var bracket)
        {
            module = rest[(bracket + 1)..^1].Trim();
            rest = rest[..bracket].TrimEnd();
        }

        if (!TryTakeCpu(ref rest, out int? cpu))
        {
            return "what follows the colon is no CPU";
        }

        ulong offset = 0;
        ulong? size = null;
        if (rest.AsSpan(1 <= rest.Length ? 1 : 0).LastIndexOfAny('+', '-') is >= 0 and var before)
        {
            string distance = rest[(before + 2)..];
            char sign = rest[before + 1];
            rest = rest[..(before + 1)];
            if (distance.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash)
            {
                if (!AddressExpression.TryParseNumber(distance.AsSpan(slash + 1), out ulong length))
                {
                    return "what follows the / is no number";
                }

                size = length;
                distance = distance[..slash];
            }

            if (!AddressExpression.TryParseNumber(distance, out offset))
            {
                return $"what follows the {sign} is no number";
            }

            offset = sign == '-' ? unchecked(0 - offset) : offset;
        }

        if (cpu is null && !TryTakeCpu(ref rest, out cpu))
        {
            return "what follows the colon is no CPU";
        }

        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            if (module is not null || colon == 0 || colon == rest.Length - 1 || rest.IndexOf(':', colon + 1) >= 0)
            {
                return "write module:symbol, symbol:CPU or module:symbol:CPU";
            }

            module = rest[..colon];
            rest = rest[(colon + 1)..];
        }

        if (rest.Length == 0)
        {
            return "no symbol stands before the offset";
        }

        symbol = new(module, rest, cpu, offset, size);
        return null;
    }

    /// <summary>Takes ":1" off the end.</summary>
    private static bool TryTakeCpu(ref string text, out int? cpu)
    {
        cpu = null;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || colon == text.Length - 1 || text.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9'))
        {
            return true;
        }

        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return false;
        }

        cpu = number;
        text = text[..colon];
        return true;
    }
}
