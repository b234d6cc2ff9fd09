using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What the program has given up while it reads an image, by what the running kernel says of its threads.</summary>
public sealed class SandboxTests
{
    private static readonly CaptureSpec Guest = Guests.All[0];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task System_calls_are_filtered_on_every_thread_that_reads_an_image(bool confined)
    {
        string image = Guests.Capture(Guest.Name).RamFile;
        using Cli.Conversation conversation = Cli.Start(["translate", "-s", image, "--stdin", .. confined ? Array.Empty<string>() : ["--no-sandbox"]]);
        await conversation.Ask("init_task");

        // These tests may run confined themselves, in a container.
        string[] own = File.ReadAllLines("/proc/thread-self/status");
        string[] expected = confined ? ["Seccomp:\t2", "NoNewPrivs:\t1"]
            : [.. own.Where(line => line.StartsWith("Seccomp:", StringComparison.Ordinal) || line.StartsWith("NoNewPrivs:", StringComparison.Ordinal))];
        string[][] threads = [.. Directory.GetDirectories($"/proc/{conversation.Id}/task").Select(thread => File.ReadAllLines(Path.Combine(thread, "status")))];
        Assert.NotEmpty(threads);
        Assert.All(threads, status => Assert.Equal(expected.Length, status.Intersect(expected).Count()));
    }

    /// <summary>Everything that makes files still does, an unpacked copy of standard input too.</summary>
    [Fact]
    public void What_is_asked_to_be_written_is_written()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string image = Guests.Capture(Guest.Name).RamFile;
            string elf = Path.Combine(folder.FullName, "memory.elf");
            Cli.Outcome converted = Cli.Run("convert", image, elf, "--format", "elf");
            Assert.True(converted.ExitCode == 0, converted.Error);
            Assert.True(new FileInfo(elf).Length > 0);
            Assert.Equal(Cli.Run("ps", "-s", image).Output, Cli.Run("ps", "-s", elf).Output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
