using System.Globalization;

namespace IommuSpy.Analysis.Log;

/// <summary>A moment in a log: seconds since boot, or a time of day. One of the two is null.</summary>
/// <param name="Seconds">Since boot, as the log has it.</param>
/// <param name="Time">The time of day.</param>
public sealed record LogMoment(double? Seconds, DateTimeOffset? Time)
{
    /// <summary>
    /// Reads one: "12.5" is seconds since boot, "2026-11-29 13:05:00" and what else ISO 8601 has a time of day, in UTC where it says nothing else.
    /// </summary>
    /// <returns>Null where it is neither.</returns>
    public static LogMoment? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds))
        {
            return new(seconds, null);
        }

        return text.Contains('-', StringComparison.Ordinal) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out DateTimeOffset time) ? new(null, time) : null;
    }

    /// <summary>Whether a message was written before it.</summary>
    internal bool IsBehind(double seconds, DateTimeOffset? time) => Seconds is double mark ? seconds < mark : time < Time;

    /// <summary>Whether a message was written after it.</summary>
    internal bool IsBefore(double seconds, DateTimeOffset? time) => Seconds is double mark ? seconds > mark : time > Time;
}
