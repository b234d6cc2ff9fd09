using System.Globalization;
using System.Text.Json;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The kernel's log, against the guest's own dmesg, whole; and its times, against the host's clock.</summary>
public class LogTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_line_is_that_of_the_guests_dmesg(string guest, string image)
    {
        Capture capture = Guests.Capture(guest);
        Cli.Outcome answer = Cli.Run("dmesg", "-s", Path.Combine(capture.Directory, image), "--raw");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        string[] lines = [.. File.ReadLines(capture.GuestOracle("dmesg"))];
        string[] ours = answer.Output.TrimEnd('\n').Split('\n');
        LineComparison.Equal(lines, ours[..Math.Min(lines.Length, ours.Length)]);

        // The guest runs on for a second or two after it read its own log. What its kernel says in that time is on its console, which shows no levels.
        IEnumerable<string> console = File.ReadLines(Path.Combine(capture.Directory, "oracle/serial.log"));
        string[] later = [.. console.Select(line => line.TrimEnd('\r')).Where(line => KernelTime(line) > KernelTime(WithoutLevel(lines[^1])))];
        Assert.Equal(later, ours[lines.Length..].Select(WithoutLevel));
    }

    private static string WithoutLevel(string line) => line[(line.IndexOf('>', StringComparison.Ordinal) + 1)..];

    // The time in "[   12.345678] words", or less than every time.
    private static decimal KernelTime(string line)
    {
        string[] parts = line.Split(['[', ']'], 3);
        return parts.Length == 3 && parts[0].Length == 0 && decimal.TryParse(parts[1], CultureInfo.InvariantCulture, out decimal time) ? time : -1;
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Times_of_day_are_those_at_which_the_guest_ran(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "the clock's structure is not described");
        Capture capture = Guests.Capture(guest);
        using JsonDocument description = JsonDocument.Parse(File.ReadAllText(Path.Combine(capture.Directory, "capture.json")));
        DateTimeOffset made = description.RootElement.GetProperty("made").GetDateTimeOffset();
        Cli.Outcome answer = Cli.Run("dmesg", "-s", capture.RamFile, "--csv", "--columns", "seconds,time");
        (double Seconds, DateTimeOffset Time)[] rows = [.. answer.Lines.Skip(1).Select(line => line.Split(','))
            .Select(cells => (double.Parse(cells[0], CultureInfo.InvariantCulture), DateTimeOffset.Parse(cells[1], CultureInfo.InvariantCulture)))];
        Assert.NotEmpty(rows);

        // QEMU gives the guest the host's time; it ran for some minutes at the most.
        Assert.InRange(rows[^1].Time, made - TimeSpan.FromMinutes(10), made + TimeSpan.FromSeconds(2));
        Assert.All(rows, row => Assert.InRange((row.Time - rows[0].Time).TotalSeconds - (row.Seconds - rows[0].Seconds), -0.001, 0.001));
    }

    [Fact]
    public void Conditions_levels_and_times_that_make_no_sense_are_refused()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        Assert.Equal(2, Cli.Run("dmesg", "-s", image, "--level", "loud").ExitCode);
        Assert.Equal(2, Cli.Run("dmesg", "-s", image, "--since", "yesterday").ExitCode);
        Cli.Outcome severe = Cli.Run("dmesg", "-s", image, "--level", "warn+", "--jsonl");
        Assert.Equal(0, severe.ExitCode);
        string?[] levels = [.. severe.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("level").GetString())];
        Assert.NotEmpty(levels);
        Assert.DoesNotContain(levels, level => level is "notice" or "info" or "debug");
    }
}
