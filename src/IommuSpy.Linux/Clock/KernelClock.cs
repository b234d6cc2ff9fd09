using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Clock;

/// <summary>
/// What time it was when the image was taken, by the kernel's own clock (struct timekeeper, kernel/time/timekeeping.c), as of the last tick at which it was
/// brought forward.
/// </summary>
/// <param name="Now">The time of day, UTC.</param>
/// <param name="Uptime">Since boot, time asleep included: what /proc/uptime shows.</param>
/// <param name="MonotonicStart">The time of day at which the clock of the log stood at zero.</param>
public sealed record KernelClock(DateTimeOffset Now, TimeSpan Uptime, DateTimeOffset MonotonicStart)
{
    // Behind the sequence counter that begins tk_core, at the next place where the structure may stand.
    private static readonly ulong[] Places = [0, 8, 16, 32, 64, 128];
    private const ulong NanosecondsOfSecond = 1_000_000_000;
    private const ulong NanosecondsOfTick = 100;
    private const ulong MostSeconds = 1UL << 36;

    /// <summary>When the machine booted.</summary>
    public DateTimeOffset Boot => Now - Uptime;

    /// <summary>The time of day of a message of the log.</summary>
    /// <param name="nanoseconds">By the CPU's clock since boot.</param>
    /// <returns>Null where no calendar has it.</returns>
    public DateTimeOffset? At(ulong nanoseconds) => Behind(MonotonicStart, nanoseconds);

    /// <summary>The time of day so long after boot, time asleep included: of the start of a process.</summary>
    /// <param name="nanoseconds">Since boot.</param>
    /// <returns>Null where no calendar has it.</returns>
    public DateTimeOffset? SinceBoot(ulong nanoseconds) => Behind(Boot, nanoseconds);

    private static DateTimeOffset? Behind(DateTimeOffset start, ulong nanoseconds)
    {
        ulong most = (ulong)(DateTimeOffset.MaxValue - start).Ticks;
        return nanoseconds / NanosecondsOfTick is var ticks && ticks <= most ? start + TimeSpan.FromTicks((long)ticks) : null;
    }

    /// <summary>Reads it: where the times that the structure keeps in two forms agree.</summary>
    /// <exception cref="MissingTypeException">It is not described, or what stands there is none.</exception>
    internal static KernelClock Read(KernelObjects objects)
    {
        StructType keeper = objects.Types.Struct("timekeeper");
        Field seconds = keeper.Field("xtime_sec");
        Field wall = keeper.Field("wall_to_monotonic");
        Field real = keeper.Field("offs_real");
        Field asleep = keeper.Field("offs_boot");
        Field? shifted = keeper.Find("tkr_mono.xtime_nsec", "tkr.xtime_nsec", "xtime_nsec");
        Field? shift = keeper.Find("tkr_mono.shift", "tkr.shift", "shift");
        VirtualAddress core = objects.Variable("tk_core") ?? objects.Variable("timekeeper")
            ?? throw new MissingTypeException("the kernel's clock is not found: no symbol tk_core");
        foreach (ulong place in Places)
        {
            VirtualAddress at = core + place;

            // Both say how far the clock of the day is ahead of the one since boot: as seconds and nanoseconds below zero, and as nanoseconds.
            if (objects.Read(at, seconds) is (ulong now and > 0 and < MostSeconds) && objects.Word(at + wall.Offset) is ulong wholeBehind
                && objects.Word(at + wall.Offset + sizeof(ulong)) is (ulong partBehind and < NanosecondsOfSecond)
                && objects.Read(at, real) is ulong ahead && ahead != 0
                && unchecked((wholeBehind * NanosecondsOfSecond) + partBehind + ahead) == 0 && objects.Read(at, asleep) is ulong slept)
            {
                ulong part = objects.Read(at, shifted) is ulong fraction && objects.Read(at, shift) is (ulong bits and < 64) ? fraction >> (int)bits : 0;
                DateTimeOffset moment = DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(now) + TimeSpan.FromTicks((long)(part / NanosecondsOfTick));
                DateTimeOffset start = DateTimeOffset.UnixEpoch + TimeSpan.FromTicks((long)ahead / (long)NanosecondsOfTick);
                return new(moment, moment - start + TimeSpan.FromTicks((long)(slept / NanosecondsOfTick)), start);
            }
        }

        throw new MissingTypeException($"the kernel's clock cannot be read: what stands at {core} does not agree with itself");
    }
}
