using System.Globalization;
using System.Text;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Processes;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Command lines and starts of processes, against the guest's /proc/PID/cmdline and stat.</summary>
public class CommandLinesTests
{
    private const ulong TicksOfSecond = 100;

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_process_has_the_command_line_and_the_start_that_the_guest_shows(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "where a process has its command line is not inferred");
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Capture capture = Guests.Capture(guest);
        ProcessList list = ProcessList.Of(machine, environment: true);
        int lines = 0;
        foreach (ProcessReport process in list.Rows)
        {
            string directory = Path.Combine(Path.GetDirectoryName(capture.GuestOracle("meminfo"))!, "proc", process.Pid.ToString(CultureInfo.InvariantCulture));
            if (!File.Exists(Path.Combine(directory, "stat")))
            {
                continue;
            }

            // Behind the name, which may hold anything, from the third field on.
            string stat = File.ReadAllText(Path.Combine(directory, "stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            Assert.Equal(ulong.Parse(fields[22 - 3], CultureInfo.InvariantCulture), (ulong)(process.StartedSeconds!.Value * TicksOfSecond));
            string shown = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(directory, "cmdline")));
            if (shown.Length > 0 && process.Arguments is not null)
            {
                lines++;
                Assert.Equal(shown, string.Concat(process.Arguments.Select(argument => argument + '\0')));
                Assert.Contains(process.Environment ?? [], variable => variable.StartsWith("HOME=", StringComparison.Ordinal));
            }
        }

        // Those of the lab's own processes are in memory; others may be swapped out.
        Assert.True(lines >= 4, $"only {lines} command lines were read");
    }
}
