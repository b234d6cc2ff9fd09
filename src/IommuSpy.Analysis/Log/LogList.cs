using System.Text;
using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Linux;
using IommuSpy.Linux.Clock;
using IommuSpy.Linux.Log;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Types;

namespace IommuSpy.Analysis.Log;

/// <summary>The kernel's log, message by message.</summary>
public static class LogList
{
    // A chain of fragments that never ends a line is a forger's.
    private const int MostText = 1 << 16;
    private const string PciHandle = "+pci:";

    /// <summary>Hands over each message that is wanted, the oldest first.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="query">Which are wanted.</param>
    /// <param name="receive">Takes them.</param>
    /// <returns>What is missing or contradicts itself, a line each.</returns>
    /// <exception cref="MissingTypeException">The log is not found; or a time of day is asked for, and the clock is not.</exception>
    public static IReadOnlyList<string> Read(Machine machine, LogQuery query, Action<LogRow> receive)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(receive);
        KernelLog log = machine.Parts.Log.Required;
        Part<KernelClock> clock = machine.Parts.Clock;
        if (query.Since?.Time is not null || query.Until?.Time is not null)
        {
            _ = clock.Required;
        }

        IEnumerable<LogRow> rows = Joined(log, clock.Value).Where(row => IsWanted(row, query));
        foreach (LogRow row in query.Faults ? Explained(rows, new(machine)) : rows)
        {
            receive(row);
        }

        return log.Damage;
    }

    private static IEnumerable<LogRow> Joined(KernelLog log, KernelClock? clock)
    {
        LogMessage? first = null;
        StringBuilder text = new();
        foreach (LogMessage message in log.Messages())
        {
            if (first is not null && (message.Begins || text.Length > MostText))
            {
                yield return Row(first, text.ToString(), clock);
                first = null;
            }

            if (first is null)
            {
                first = message;
                text.Clear();
            }

            text.Append(message.Text);
            if (message.Ends)
            {
                yield return Row(first, text.ToString(), clock);
                first = null;
            }
        }

        if (first is not null)
        {
            yield return Row(first, text.ToString(), clock);
        }
    }

    private static LogRow Row(LogMessage message, string text, KernelClock? clock) => new(
        message,
        text,
        clock?.At(message.Nanoseconds),
        message.Handle?.StartsWith(PciHandle, StringComparison.Ordinal) == true
            && PciAddress.TryParse(message.Handle[PciHandle.Length..], out PciAddress device)
                ? device.ToString()
                : null,
        null);

    private static bool IsWanted(LogRow row, LogQuery query)
    {
        double seconds = row.Message.Nanoseconds / 1e9;
        return query.Levels?.Contains(row.Message.Level) != false && (query.Facility is not int facility || row.Message.Facility == facility)
            && query.Since?.IsBehind(seconds, row.Time) != true && query.Until?.IsBefore(seconds, row.Time) != true;
    }

    /// <summary>The same rows, with what became of each IOMMU's event at the last of its lines.</summary>
    private static IEnumerable<LogRow> Explained(IEnumerable<LogRow> rows, FaultAnswers answers)
    {
        // Rows wait until the event that they may belong to is complete, which is some lines later at the most.
        FaultLog log = new();
        Dictionary<string, FaultReport> known = new(StringComparer.Ordinal);
        List<LogRow> waiting = [];
        int place = 0;
        foreach (LogRow row in rows)
        {
            waiting.Add(row);
            foreach (string line in row.Text.Split('\n'))
            {
                FaultLine? before = log.Current;
                Complete(log.Add(line));
                place = ReferenceEquals(log.Current, before) ? place : waiting.Count - 1;
            }

            int done = log.Current is null ? waiting.Count : place;
            foreach (LogRow complete in waiting.Take(done))
            {
                yield return complete;
            }

            waiting.RemoveRange(0, done);
            place = 0;
        }

        Complete(log.End());
        foreach (LogRow row in waiting)
        {
            yield return row;
        }

        void Complete(FaultLine? line)
        {
            if (line is not null)
            {
                // A storm says the same a thousand times.
                if (!known.TryGetValue(line.Key, out FaultReport? report))
                {
                    known.Add(line.Key, report = answers.Of(line));
                }

                waiting[place] = waiting[place] with { Fault = report };
            }
        }
    }
}
