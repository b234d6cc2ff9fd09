using IommuSpy.Analysis;
using IommuSpy.Analysis.Translate;
using IommuSpy.Cli.Json;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Commands;

/// <summary>Translations by the thousand: a row an address, in their order.</summary>
internal static class TranslationRows
{
    /// <summary>One row.</summary>
    /// <param name="Address">The address.</param>
    /// <param name="Physical">What it translates to; null where it does not.</param>
    /// <param name="PageSize">Bytes of the page; 0 where there is none.</param>
    /// <param name="Rights">What all levels together let through.</param>
    /// <param name="Reason">Why there is no physical address; null where there is one.</param>
    internal readonly record struct Row(ulong Address, ulong? Physical, ulong PageSize, AccessRights Rights, string? Reason);

    /// <summary>Translates each line.</summary>
    /// <exception cref="UsageException">A line is no address. The rows before it were written.</exception>
    public static void Write(Machine machine, PhysicalAddress? root, IEnumerable<string> lines, Action<Row> write)
    {
        var space = machine.Space(root);
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (!AddressExpression.TryParse(line, machine, out ulong address, out string? problem))
            {
                throw new UsageException($"address {number}: {problem}");
            }

            AddressTranslation translation = space.Translate(new(address));
            if (translation.Physical is PhysicalAddress physical)
            {
                write(new(address, physical.Value, translation.PageSize, TranslationReport.UserRights(machine, translation, root).Rights, null));
                continue;
            }

            // Of a running machine it may be there by now: the row is of this look.
            TranslationReport report = TranslationReport.Of(machine, new(address), root);
            write(new(address, report.Physical?.Value, report.PageSize, report.Physical is null ? translation.Rights : TranslationReport.UserRights(machine, space.Translate(new(address)), root).Rights, report.Reason));
        }
    }

    /// <summary>Writes a row as JSON.</summary>
    public static void Translation(this RowWriter rows, Row row)
    {
        rows.Begin();
        rows.Address("address"u8, row.Address);
        rows.Address("physical"u8, row.Physical);
        rows.Number("pageSize"u8, row.PageSize);
        if (row.Reason is null)
        {
            rows.Text("rights"u8, RightsText.Of(row.Rights));
            rows.Null("reason"u8);
        }
        else
        {
            rows.Null("rights"u8);
            rows.Text("reason"u8, row.Reason);
        }

        rows.End();
    }
}
