using System.Text.Json;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>How the kernel was started, against the guest's /proc/cmdline; and that it is alive and untainted.</summary>
public class IdentityTests
{
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_command_line_is_that_of_the_guest(string guest)
    {
        Capture capture = Guests.Capture(guest);
        Cli.Outcome answer = Cli.Run("info", "-s", capture.RamFile, "-J");
        JsonElement info = JsonDocument.Parse(answer.Output).RootElement;
        Assert.Equal(File.ReadAllText(capture.GuestOracle("cmdline")).TrimEnd('\n'), info.GetProperty("commandLine").GetString());
        Assert.False(info.GetProperty("hasPanicked").GetBoolean());
        Assert.Equal(JsonValueKind.Null, info.GetProperty("panic").ValueKind);
        if (GuestMachine.IsDescribed(guest))
        {
            Assert.Equal("(none)", info.GetProperty("hostname").GetString());
            DateTimeOffset taken = info.GetProperty("taken").GetDateTimeOffset();
            double uptime = info.GetProperty("uptimeSeconds").GetDouble();
            Assert.InRange(uptime, 1, 600);
            Assert.Equal(taken - TimeSpan.FromSeconds(uptime), info.GetProperty("booted").GetDateTimeOffset(), TimeSpan.FromMilliseconds(5));
        }
    }
}
