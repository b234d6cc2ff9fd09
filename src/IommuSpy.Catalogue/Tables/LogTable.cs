using System.Globalization;
using IommuSpy.Analysis.Log;
using IommuSpy.Linux.Log;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Log.LogRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The kernel's log.</summary>
internal sealed class LogTable() : Table<LogRow>(
    "dmesg",
    "The kernel's log, the oldest message first, as far as its buffer still has it.",
    Its.Number("sequence", "The number of the message since boot.", row => row.Message.Sequence),
    Its.Real("seconds", "When it was written, since boot, as dmesg prints it.", row => row.Message.Nanoseconds / 1e9, "seconds"),
    Its.Text("time", "The time of day, UTC; null where the kernel's clock is not described.", row => TimeText(row)),
    Its.Text("level", "emerg, alert, crit, err, warn, notice, info or debug.", row => KernelLog.LevelName(row.Message.Level)),
    Its.Text("facility", "kern for the kernel's own, user for what was written to /dev/kmsg.", row => KernelLog.FacilityName(row.Message.Facility)),
    Its.Text("caller", "Who wrote it: T and a pid, or C and a CPU in an interrupt; null before 5.1.", row => row.Message.Caller?.ToString()),
    Its.Text("subsystem", "The subsystem of the device that it is about; null where it is about none.", row => row.Message.Subsystem),
    Its.Text("handle", "The device as the kernel identifies it: +usb:1-1, b259:1, n3.", row => row.Message.Handle),
    Its.Text("device", "The PCI function that it is about.", row => row.Device),
    Its.Text("text", "What it says.", row => row.Text),
    Its.Text("fault", "With --faults, of the last line of an IOMMU's event: whether the request would be refused now, and why.", row => row.Fault?.Verdict))
{
    /// <summary>Only messages of some levels.</summary>
    public static Filter<IReadOnlySet<int>> Levels { get; } = new("level", "Only messages of these levels.", (_, text) => ParseLevels(text));

    /// <summary>Only messages of a facility.</summary>
    public static Filter<object> Facility { get; } = new("facility", "Only messages of this facility.", (_, text) => ParseFacility(text));

    /// <summary>Only messages from a moment on.</summary>
    public static Filter<LogMoment> Since { get; } = new("since", "Only messages from a moment on.");

    /// <summary>Only messages up to a moment.</summary>
    public static Filter<LogMoment> Until { get; } = new("until", "Only messages up to a moment.");

    /// <summary>Explains each event of an IOMMU.</summary>
    public static Filter<bool> Faults { get; } = new("faults", "Explains each event of an IOMMU.");

    /// <summary>How people read it.</summary>
    public static Filter<LogText> Form { get; } = new("form", "How people read it.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Levels, Facility, Since, Until, Faults, Form];

    /// <summary>The levels of a list: "err,warn", "err+" for it and all that is more severe; null where one is none.</summary>
    public static IReadOnlySet<int>? ParseLevels(string text)
    {
        HashSet<int> levels = [];
        foreach (string word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            bool severer = word.EndsWith('+');
            int level = Number(KernelLog.Levels, severer ? word[..^1] : word);
            if (level < 0)
            {
                return null;
            }

            levels.UnionWith(Enumerable.Range(severer ? 0 : level, severer ? level + 1 : 1));
        }

        return levels;
    }

    /// <inheritdoc/>
    public override void Rows(Question question, Action<LogRow> receive)
    {
        KernelLog log = question.Machine.Parts.Log.Required;
        LogQuery query = new(question.Find(Levels), question.Find(Facility) as int?, question.Find(Since), question.Find(Until), question.Get(Faults, false));
        if (log.First > 0 && query.Since is null)
        {
            question.Tell(log.First == 1 ? "the oldest message was overwritten" : $"the {log.First} oldest messages were overwritten");
        }

        question.Tell(LogList.Read(question.Machine, query, receive));
    }

    /// <inheritdoc/>
    public override RowWriter<LogRow> Text(TextForm form, Question question) => new Lines(form, question.Get(Form, LogText.Plain));

    private static object? ParseFacility(string text) =>
        Enumerable.Range(0, 24).Cast<object>().FirstOrDefault(number => KernelLog.FacilityName((int)number) == text);

    private static int Number(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    private static string? TimeText(LogRow row) => row.Time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>As dmesg prints them.</summary>
    private sealed class Lines(TextForm form, LogText shown) : RowWriter<LogRow>
    {
        public override void Add(LogRow row)
        {
            ulong microseconds = row.Message.Nanoseconds / 1000;
            string priority = shown.Raw ? $"<{(row.Message.Facility << 3) | row.Message.Level}>" : "";
            string caller = shown.Caller && row.Message.Caller is LogCaller who ? $"[{who,6}]" : "";
            string time = shown.Times && row.Time is DateTimeOffset moment
                ? moment.UtcDateTime.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000,5}.{microseconds % 1_000_000:d6}");
            foreach (string line in row.Text.Split('\n'))
            {
                form.Writer.WriteLine($"{priority}[{time}]{caller} {line}");
            }

            if (row.Fault is { } fault)
            {
                string device = fault.Device is string its ? $" by {its} ({fault.Driver ?? "no driver"})" : "";
                form.Writer.WriteLine($"        {fault.Event}{device}: {fault.Verdict}");
            }
        }

        public override void Dispose() => form.Writer.Flush();
    }
}

/// <summary>How people read the log.</summary>
/// <param name="Raw">With facility and level before each line.</param>
/// <param name="Times">With times of day.</param>
/// <param name="Caller">With who wrote it.</param>
internal sealed record LogText(bool Raw, bool Times, bool Caller)
{
    /// <summary>As dmesg prints it.</summary>
    public static LogText Plain { get; } = new(false, false, false);
}
