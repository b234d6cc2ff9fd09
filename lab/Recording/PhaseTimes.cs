using System.Diagnostics;

namespace IommuSpy.Lab.Recording;

/// <summary>How long each phase of a capture took, in seconds.</summary>
internal sealed class PhaseTimes
{
    private readonly Dictionary<string, double> _seconds = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    public T Measure<T>(string phase, Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work();
        _seconds[phase] = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 2);
        return result;
    }

    public void Measure(string phase, Action work) => Measure(
        phase,
        () =>
        {
            work();
            return 0;
        });
}
