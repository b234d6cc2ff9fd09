using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Log;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Log;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy dmesg: the kernel's log.</summary>
internal static class DmesgCommand
{
    public static Command Build()
    {
        Option<bool> times = new("--times", "-T") { Description = "Times of day (UTC) instead of seconds since boot." };
        Option<bool> raw = new("--raw", "-r") { Description = "Facility and level before each line, as dmesg -r." };
        Option<bool> caller = new("--caller") { Description = "Who wrote each line: T and a pid, or C and a CPU that was in an interrupt." };
        Option<string?> level = new("--level", "-l")
        {
            Description = "Only messages of these levels: err,warn; err+ for that level and all more severe ones.",
            HelpName = "LEVEL,...",
        };
        level.CompletionSources.Add([.. KernelLog.Levels, .. KernelLog.Levels.Select(name => name + "+")]);
        Option<string?> since = new("--since")
        {
            Description = "Only messages from then on: seconds since boot (12.5), or a time of day, UTC unless it says otherwise (2026-11-29 13:05).",
            HelpName = "TIME",
        };
        Option<string?> until = new("--until") { Description = "Only messages up to then.", HelpName = "TIME" };
        Option<bool> faults = new("--faults") { Description = "Explain each event of an IOMMU below its line, as `fault` does." };
        Command command = new(
            "dmesg",
            "The kernel's log as dmesg prints it, out of its buffer in memory. What the buffer no longer has is said on standard error.\n\n"
                + "Examples: iommu-spy dmesg -s dump.elf\n          iommu-spy dmesg -s dump.elf -T --level err+\n"
                + "          iommu-spy dmesg -s dump.elf --faults --where 'text~DMAR'")
        {
            times,
            raw,
            caller,
            level,
            since,
            until,
            faults,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Log);
        command.SetAction(result =>
        {
            IReadOnlySet<int>? levels = result.GetValue(level) is string names
                ? LogTable.ParseLevels(names) ?? throw new UsageException($"--level '{names}': levels are {string.Join(", ", KernelLog.Levels)}")
                : null;
            LogMoment? from = Moment("--since", result.GetValue(since));
            LogMoment? to = Moment("--until", result.GetValue(until));
            using Machine machine = source.OpenMachine(result);
            Question question = new Question(machine).With(LogTable.Levels, levels).With(LogTable.Since, from).With(LogTable.Until, to)
                .With(LogTable.Faults, result.GetValue(faults))
                .With(LogTable.Form, new LogText(result.GetValue(raw), result.GetValue(times), result.GetValue(caller)));
            if (result.GetValue(times))
            {
                _ = machine.Parts.Clock.Required;
            }

            output.Answer(result, AllTables.Log, question);
            return ExitCode.Done;
        });
        return command;
    }

    private static LogMoment? Moment(string option, string? text) => text is null ? null
        : LogMoment.Parse(text) ?? throw new UsageException($"{option} '{text}': write seconds since boot (12.5) or a time of day (2026-11-29 13:05)");
}
