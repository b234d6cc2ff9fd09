using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Translate;
using IommuSpy.Cli.Json;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;


namespace IommuSpy.Cli.Commands;

/// <summary>Translations by the thousand: a row an address, in their order. Through a CPU's tables or a device's, the rows are the same.</summary>
internal static class TranslationRows
{
    /// <summary>One row.</summary>
    /// <param name="Address">The address; null where the text is none.</param>
    /// <param name="Physical">What it translates to; null where it does not.</param>
    /// <param name="PageSize">Bytes of the page; 0 where there is none.</param>
    /// <param name="Rights">What all levels together let through; null where there is no page.</param>
    /// <param name="Reason">Why there is no physical address; null where there is one.</param>
    internal readonly record struct Row(ulong? Address, ulong? Physical, ulong PageSize, string? Rights, string? Reason);

    /// <summary>Answers each line of standard input in the order they come: by the time more is waited for, every answer is written out.</summary>
    /// <param name="translate">Answers one; a text that is no address becomes a row with the reason, and the next one is read.</param>
    /// <param name="json">As JSON, rather than text.</param>
    /// <param name="lines">As JSON Lines.</param>
    /// <returns>The exit code: whether each had an answer.</returns>
    public static int AnswerInput(Func<string, Row> translate, bool json, bool lines)
    {
        using Stream input = Console.OpenStandardInput();
        return Answer(waits => AddressLines.Of(input, waits).Select(text => OrReason(text, translate)), json, lines);
    }

    /// <summary>Answers addresses that were named, as JSON Lines.</summary>
    public static int AnswerNamed(IEnumerable<Row> rows)
    {
        // One that is no address ends the command before anything is written.
        List<Row> all = [.. rows];
        return Answer(_ => all, json: true, lines: true);
    }

    /// <summary>Translates an address of a CPU's.</summary>
    public static Row Of(Machine machine, AddressSpace space, PhysicalAddress? root, VirtualAddress address)
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
    public static Row Of(DeviceView view, IoVirtualAddress address)
    {
        DeviceTranslation translation = view.Context.Translate(address);
        return translation.Physical is PhysicalAddress physical
            ? new(address.Value, physical.Value, translation.Walk?.PageSize ?? 0, DeviceTranslationReport.Letters(translation.Rights), null)
            : new(address.Value, null, 0, null, DeviceFaultText.Of(translation, translation.Fault));
    }

    private static Row OrReason(string text, Func<string, Row> translate)
    {
        try
        {
            return text.Length > 0 ? translate(text) : new(null, null, 0, null, "an empty line");
        }
        catch (Exception e) when (e is UsageException or NoAnswerException)
        {
            return new(null, null, 0, null, e.Message);
        }
    }

    private static int Answer(Func<Action, IEnumerable<Row>> read, bool json, bool lines)
    {
        int code = ExitCode.Done;
        if (json || lines)
        {
            Output.Rows(lines, rows =>
            {
                foreach (Row row in read(rows.Flush))
                {
                    Write(rows, row);
                    code = row.Physical is null ? ExitCode.NoAnswer : code;
                }
            });
            return code;
        }

        using StreamWriter writer = Output.Text();
        foreach (Row row in read(writer.Flush))
        {
            string address = row.Address is ulong known ? $"0x{known:x16}" : "-";
            writer.WriteLine($"{address,-18}  {(row.Physical is ulong physical ? $"0x{physical:x16}" : Printable.Of(row.Reason!))}");
            code = row.Physical is null ? ExitCode.NoAnswer : code;
        }

        return code;
    }

    private static void Write(RowWriter rows, Row row)
    {
        rows.Begin();
        rows.Address("address"u8, row.Address);
        rows.Address("physical"u8, row.Physical);
        rows.Number("pageSize"u8, row.PageSize);
        rows.Text("rights"u8, row.Rights);
        rows.Text("reason"u8, row.Reason);
        rows.End();
    }
}
