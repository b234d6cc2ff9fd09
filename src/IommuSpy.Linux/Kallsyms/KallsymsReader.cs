using System.Diagnostics.CodeAnalysis;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Finds and decodes a kernel's whole symbol table in the bytes of its image, for every form since 2.6.10, with no version and no symbols to start from.
/// In order: the token table (by its index), before it the markers, the names and their number, and beside those the addresses. Each step checks what the one
/// before supposed, so that a table either fits in every part or is refused.
/// </summary>
public static class KallsymsReader
{
    /// <summary>
    /// Reads the table of the kernel in <paramref name="image"/>. The bytes may be anything: they are never trusted, and the work is bounded.
    /// </summary>
    /// <param name="image">The kernel's text, read-only data and data, contiguous, as mapped from <paramref name="imageStart"/>, up to the end of the init text
    /// at least; what follows does no harm.</param>
    /// <param name="imageStart">Where image[0] is mapped at run time; a multiple of 8. Needed to tell whether addresses are right, and for 7.0 to compute
    /// them.</param>
    /// <param name="table">The table.</param>
    /// <param name="reason">Why there is none: nothing found, a part that does not fit, or several tables that differ. Empty on success.</param>
    /// <returns>Whether exactly one table was found and confirmed.</returns>
    public static bool TryRead(ReadOnlySpan<byte> image, VirtualAddress imageStart, [NotNullWhen(true)] out KallsymsTable? table, out string reason)
    {
        table = null;
        if (imageStart.Value % sizeof(ulong) != 0)
        {
            reason = $"image start {imageStart} is not a multiple of 8";
            return false;
        }

        List<TokenTable> candidates = TokenTableFinder.FindAll(image);
        if (candidates.Count == 0)
        {
            reason = "no kallsyms token table in the image";
            return false;
        }

        reason = "";
        var budget = new SearchBudget();
        foreach (TokenTable tokens in candidates)
        {
            KallsymsTable? candidate = TryRead(image, imageStart, tokens, budget, out string failure);
            if (candidate is null)
            {
                reason += $"{(reason.Length == 0 ? "" : "; ")}token table at image offset 0x{tokens.Offset:x}: {failure}";
            }
            else if (table is null)
            {
                table = candidate;
            }
            else if (!table.Symbols.SameAs(candidate.Symbols))
            {
                reason = $"two symbol tables that differ, with token tables at image offsets 0x{table.TokenTableOffset:x} and 0x{candidate.TokenTableOffset:x}";
                table = null;
                return false;
            }
        }

        if (table is null)
        {
            return false;
        }

        reason = "";
        return true;
    }

    private static KallsymsTable? TryRead(ReadOnlySpan<byte> image, VirtualAddress imageStart, TokenTable tokens, SearchBudget budget, out string failure)
    {
        NameSection? section = NameSectionFinder.Find(image, tokens, budget);
        if (section is null)
        {
            failure = budget.IsSpent ? "gave up: too many false candidates" : "no names with matching markers before it";
            return null;
        }

        var names = new CompressedNames(image, section, tokens);
        if (!NameIndex.TryBuild(names, out NameIndex? index))
        {
            failure = $"a name is longer than {CompressedNames.LongestName} bytes";
            return null;
        }

        List<ConfirmedAddresses> found = AddressSectionFinder.FindAll(image, imageStart, section, names, index, out string failures);
        if (found.Count != 1)
        {
            failure = found.Count == 0
                ? $"{section.Count} names, but no addresses that fit: {failures}"
                : $"{section.Count} names, but more than one reading of the addresses fits: {string.Join(", ", found.Select(f => f.Section.Rule))}";
            return null;
        }

        (AddressSection addresses, ulong[] values, string evidence) = found[0];
        VirtualAddress? relativeBase = addresses.Rule is AddressRule.BaseRelative or AddressRule.AbsolutePercpu ? addresses.RelativeBase : null;
        var format = new KallsymsFormat(addresses.Order, addresses.Rule, relativeBase, section.MarkerSize, section.HasLongNames && section.TwoByteLengths);
        failure = "";
        return new KallsymsTable(new SymbolTable(values, names, index), format, section.NamesOffset, tokens.Offset, addresses.Offset, evidence);
    }
}
