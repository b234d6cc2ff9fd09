using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Comparison;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy compare: what differs between two captures.</summary>
internal static class CompareCommand
{
    public static Command Build()
    {
        Argument<string> before = new("A") { Description = "The earlier capture, in any format." };
        Argument<string> after = new("B") { Description = "The later one." };
        Option<string?> table = new("--table")
        {
            Description = $"The differences of these alone, a row each: {string.Join(", ", CaptureComparison.Names)}.",
            HelpName = "TABLE,...",
        };
        table.CompletionSources.Add([.. CaptureComparison.Names]);
        Option<string[]> failOn = new("--fail-on")
        {
            Description = "Exit code 1 where something of this table differs, or with :began, :ended, :grew, :shrank or :changed behind it differs so. More "
                + "than once: any of them.",
            HelpName = "TABLE[:CHANGE]",
            DefaultValueFactory = _ => [],
        };
        failOn.CompletionSources.Add([.. CaptureComparison.Names.SelectMany(name => Words<Change>.All.Select(change => $"{name}:{change}").Prepend(name))]);
        Command command = new(
            "compare",
            "What differs between two captures of one machine: processes, areas, files, modules, symbols, where memory went, slab caches, devices and what is "
                + "mapped for them, findings of the audit, and the kernel's instructions by function. Of one boot, things are known again by where they are "
                + "(a process by its task and start); of two boots or two kernels by their names, and those that are called alike are added up. The summary "
                + "says beside each what an idle machine changes by itself; nothing is left out for that.\n\nExamples: iommu-spy compare before.elf after.elf\n"
                + "          iommu-spy compare before.elf after.elf --table ps,modules\n          iommu-spy compare before.elf after.elf --fail-on "
                + "maps-iova:began --fail-on text")
        {
            before,
            after,
            table,
            failOn,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Compare);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { Sources = [result.GetValue(before)!, result.GetValue(after)!] });
        command.SetAction(result =>
        {
            if (source.Named(result).Count > 0)
            {
                throw new UsageException("compare names both its captures itself: compare A B, without -s");
            }

            string[] names = Names(result.GetValue(table));
            (string Table, Change? Change)[] failures = [.. result.GetValue(failOn)!.Select(Failure)];
            using Machine earlier = source.OpenMachine(result, [result.GetRequiredValue(before)]);
            using Machine later = source.OpenMachine(result, [result.GetRequiredValue(after)]);
            bool shows = names.Length > 0 || !output.IsPlain(result);

            // What nobody sees and nobody fails on is not compared.
            CaptureComparison comparison = CaptureComparison.Of(earlier, later,
                names.Length == 0 ? [] : [.. names.Concat(failures.Select(failure => failure.Table)).Distinct(StringComparer.Ordinal)]);
            CaptureComparison shown = names.Length == 0 ? comparison
                : comparison with { Tables = [.. comparison.Tables.Where(compared => names.Contains(compared.Table, StringComparer.Ordinal))] };
            if (shows)
            {
                output.Answer(result, AllTables.Compare, new Question(later).With(CompareTable.Made, shown));
            }
            else
            {
                using (StreamWriter writer = Output.Text())
                {
                    CompareText.Write(writer, shown);
                }

                Output.Problems(shown.Problems);
            }

            // What could not be compared, or not all of it, has not passed.
            return failures.Any(failure => comparison.Tables.Any(compared => compared.Table == failure.Table
                && (compared.Absence is not null || compared.IsPartial
                    || compared.Differences.Any(difference => failure.Change is null || difference.Change == failure.Change))))
                ? ExitCode.NoAnswer : ExitCode.Done;
        });
        return command;
    }

    private static string[] Names(string? list) =>
        [.. (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => Checked("--table", name))];

    private static (string Table, Change? Change) Failure(string text)
    {
        string[] parts = text.Split(':');
        Change? change = parts.Length == 2 ? Words<Change>.Parse(parts[1]) : null;
        return parts.Length > 2 || (parts.Length == 2 && change is null)
            ? throw new UsageException($"--fail-on '{text}': write TABLE or TABLE:CHANGE, where CHANGE is one of {string.Join(", ", Words<Change>.All)}")
            : (Checked("--fail-on", parts[0]), change);
    }

    private static string Checked(string option, string name) => CaptureComparison.Names.Contains(name, StringComparer.Ordinal) ? name
        : throw new UsageException($"{option}: '{name}' is not compared{Spelling.Suggestion(name, CaptureComparison.Names)}: "
            + $"{string.Join(", ", CaptureComparison.Names)} are");
}
