using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>Translations by the thousand: a row an address, in their order. Through a CPU's tables or a device's, the rows are the same.</summary>
internal static class TranslationRows
{
    /// <summary>Answers each line of standard input in the order they come: by the time more is waited for, every answer is written out.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="output">In which form to answer.</param>
    /// <param name="table">With which table.</param>
    /// <param name="translate">Answers one; a text that is no address becomes a row with the reason, and the next one is read.</param>
    /// <returns>The exit code: whether each had an answer.</returns>
    public static int AnswerInput(ParseResult result, TableOptions output, TranslationsTable table, Func<string, TranslatedAddress> translate)
    {
        using Stream input = Console.OpenStandardInput();
        return Answer(result, output, table, waits => AddressLines.Of(input, waits).Select(text => OrReason(text, translate)));
    }

    /// <summary>Answers addresses that were named.</summary>
    public static int AnswerNamed(ParseResult result, TableOptions output, TranslationsTable table, IEnumerable<TranslatedAddress> rows)
    {
        // One that is no address ends the command before anything is written.
        List<TranslatedAddress> all = [.. rows];
        return Answer(result, output, table, _ => all);
    }

    /// <summary>Translates an address of a CPU's.</summary>
    public static TranslatedAddress Of(Machine machine, AddressSpace space, PhysicalAddress? root, VirtualAddress address)
    {
        AddressTranslation translation = space.Translate(address);
        if (translation.Physical is not PhysicalAddress physical)
        {
            // Of a running machine it may be there by now: the row is of this look.
            TranslationReport report = TranslationReport.Of(machine, address, root);
            return new(address.Value, report.Physical?.Value, report.PageSize, report.Rights, report.Reason);
        }

        return new(address.Value, physical.Value, translation.PageSize, RightsText.Of(TranslationReport.UserRights(machine, translation, root).Rights), null);
    }

    /// <summary>Translates an address of a device's.</summary>
    public static TranslatedAddress Of(DeviceView view, IoVirtualAddress address)
    {
        DeviceTranslation translation = view.Context.Translate(address);
        return translation.Physical is PhysicalAddress physical
            ? new(address.Value, physical.Value, translation.Walk?.PageSize, DeviceTranslationReport.Letters(translation.Rights), null)
            : new(address.Value, null, null, null, DeviceFaultText.Of(translation, translation.Fault));
    }

    private static TranslatedAddress OrReason(string text, Func<string, TranslatedAddress> translate)
    {
        try
        {
            return text.Length > 0 ? translate(text) : new(null, null, null, null, "an empty line");
        }
        catch (Exception e) when (e is UsageException or NoAnswerException)
        {
            return new(null, null, null, null, e.Message);
        }
    }

    private static int Answer(ParseResult result, TableOptions output, TranslationsTable table, Func<Action, IEnumerable<TranslatedAddress>> read)
    {
        int code = ExitCode.Done;
        output.Answer(result, table, new Question().With(TranslationsTable.Translations, read),
            row => code = row.Physical is null ? ExitCode.NoAnswer : code);
        return code;
    }
}
