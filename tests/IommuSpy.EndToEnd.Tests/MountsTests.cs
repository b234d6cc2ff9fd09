using System.Text.Json;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What is mounted against the guest's /proc/mounts: every line, but for what only the file system itself knows.</summary>
public class MountsTests
{
    private static readonly string[] OfMounts = ["rw", "ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "nosymfollow"];

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_mount_is_that_of_the_guest(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "mounts are not inferred");
        Capture capture = Guests.Capture(guest);
        Cli.Outcome answer = Cli.Run("mounts", "-s", capture.RamFile, "--jsonl");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        LineComparison.Equal(
            [.. File.ReadLines(capture.GuestOracle("mounts")).Select(line => line.Split(' ')).Select(words =>
                $"{words[0]} {words[1]} {words[2]} {string.Join(',', words[3].Split(',').Intersect(OfMounts, StringComparer.Ordinal))}")],
            [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("source", out _)).Select(row =>
                $"{row.GetProperty("source").GetString()} {row.GetProperty("point").GetString()} {row.GetProperty("type").GetString()} "
                    + string.Join(',', row.GetProperty("options").EnumerateArray().Select(option => option.GetString())))]);
    }
}
