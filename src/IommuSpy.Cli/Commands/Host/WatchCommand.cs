using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Watch;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Tracing;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy watch: what devices map and unmap, as it happens.</summary>
internal static class WatchCommand
{
    private const double LongestInterval = 3600;

    // The kernel keeps some megabytes of events for us: they are taken more often than they are shown.
    private static readonly TimeSpan CollectInterval = TimeSpan.FromMilliseconds(50);

    public static Command Build()
    {
        Option<string?> device = new("--device") { Description = "Only what this device's domain maps: 00:1f.2, or its driver.", HelpName = "BDF" };
        Option<string> interval = new("--interval") { Description = "Seconds between two looks.", HelpName = "SECONDS", DefaultValueFactory = _ => "1" };
        Option<int?> count = new("--count") { Description = "How many times to look; without it, until Ctrl-C.", HelpName = "N" };
        Option<bool> tables =
            new("--tables") { Description = "Compare tables rather than follow the kernel's events; what is done where these are not to be had." };
        Command command = new(
            "watch",
            "What devices map in their IOMMUs and unmap, as it happens: mapped bytes, rates, the oldest mapping. In a terminal the table stays in place.\n\n"
            + "Examples: sudo iommu-spy watch\n          sudo iommu-spy watch --device 00:1f.2 --interval 0.5 --count 10 --jsonl")
        {
            device,
            interval,
            count,
            tables,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            TimeSpan pause =
                double.TryParse(result.GetRequiredValue(interval), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
                    && seconds is >= 0.05 and <= LongestInterval
                ? TimeSpan.FromSeconds(seconds)
                : throw new UsageException("--interval: write seconds, from 0.05 to 3600");
            if (result.GetValue(count) is < 1)
            {
                throw new UsageException("--count: at least 1");
            }

            if (output.Json(result) && result.GetValue(count) is null)
            {
                throw new UsageException("-J answers at the end: say how often to look with --count, or take --jsonl");
            }

            bool isLive = source.IsLive(result);
            if (!isLive && !source.Paths(result).All(name => name.StartsWith("qemu:", StringComparison.Ordinal)))
            {
                throw new UsageException(
                    "watch looks at what runs: this machine (-s live) or a guest (-s qemu:PATH); "
                    + "of an image, `devices` says how much each device maps and `maps --device BDF` what");
            }

            Display.WithoutPager();

            // From here on, what is set up in the kernel is taken away whatever ends the program.
            using Ending ending = new();
            string? problem = null;
            using MappingTrace? trace = isLive && !result.GetValue(tables) ? MappingTrace.Start(out problem) : null;
            Output.Problems(problem is null ? [] : [$"{problem}: tables are compared instead"]);
            using Machine machine = source.OpenMachine(result);
            string? bdf = result.GetValue(device) is string text ? DeviceArguments.Of(machine, DeviceArguments.Address(machine, text)).Address.ToString()
                : null;
            MappingWatch watch = new(machine, trace);
            Watch(watch, bdf, pause, result.GetValue(count) ?? int.MaxValue, ending, Sink(result, output.Form(result)));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Watch(MappingWatch watch, string? device, TimeSpan pause, int count, Ending ending, Action<WatchReport, bool> show)
    {
        for (int shown = 1; shown <= count && !ending.IsRequested; shown++)
        {
            long due = Environment.TickCount64 + (long)pause.TotalMilliseconds;
            for (long left = due - Environment.TickCount64; left > 0 && !ending.IsRequested; left = due - Environment.TickCount64)
            {
                ending.Wait(TimeSpan.FromMilliseconds(Math.Min(left, CollectInterval.TotalMilliseconds)));
                watch.Collect();
            }

            show(watch.Next(device), shown == count || ending.IsRequested);
        }
    }

    private static Action<WatchReport, bool> Sink(ParseResult result, AnswerForm form)
    {
        if (form == AnswerForm.JsonLines)
        {
            return (report, _) => Reports.Write(result, form, report, ReportJson.Default.WatchReport, WatchText.Write);
        }

        if (form == AnswerForm.Json)
        {
            List<WatchReport> all = [];
            return (report, isLast) =>
            {
                all.Add(report);
                if (isLast)
                {
                    Reports.WriteEach(result, form, all, ReportJson.Default.WatchReport, WatchText.Write);
                }
            };
        }

        int written = 0;
        return (report, _) =>
        {
            using StringWriter text = new() { NewLine = "\n" };
            WatchText.Write(text, report);
            string shown = Display.Width is int width ? FoldedLines.Of(text.ToString(), width) : $"{text}\n";
            string above = Display.Width is not null && written > 0 ? $"\u001b[{written}A\u001b[J" : "";
            written = shown.Count(c => c == '\n');
            Console.Out.Write(above + shown);
            Console.Out.Flush();
        };
    }

    /// <summary>Whether the user has had enough (Ctrl-C), or the system wants us to end: then what was set up in the kernel is taken away in order.</summary>
    private sealed class Ending : IDisposable
    {
        private readonly ManualResetEventSlim _requested = new();
        private readonly PosixSignalRegistration[] _signals;

        internal Ending() => _signals =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP,
                PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _requested.Set();
            })),
        ];

        internal bool IsRequested => _requested.IsSet;

        internal void Wait(TimeSpan time) => _requested.Wait(time);

        public void Dispose()
        {
            foreach (PosixSignalRegistration signal in _signals)
            {
                signal.Dispose();
            }

            _requested.Dispose();
        }
    }
}
