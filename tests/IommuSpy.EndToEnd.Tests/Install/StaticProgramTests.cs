namespace IommuSpy.EndToEnd.Tests.Install;

/// <summary>
/// The program to copy to other machines: old processors, old kernels, no libraries, nothing in /proc. Oracle: what the ordinary program answers.
/// </summary>
public sealed class StaticProgramTests : IDisposable
{
    /// <summary>renameat2, the newest of 3.16 (arch/x86/syscalls/syscall_64.tbl of that release).</summary>
    private const int NewestSystemCall = 316;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private static string Program => Cli.StandaloneProgram() is string program && program.EndsWith("-static", StringComparison.Ordinal)
        ? program
        : throw new InvalidOperationException("the static program is not built: run make iommu-spy-static first");

    private static string Image => Guests.Capture(Guests.All[0].Name).RamFile;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void It_needs_no_library() =>
        Assert.Contains("statically linked", HostTool.Run("file", Program).Replace("static-pie", "statically", StringComparison.Ordinal),
            StringComparison.Ordinal);

    // All have SSE2; cmpxchg16b, which the runtime needs, is missing from the AMD64 processors of 2003 to 2005 alone.
    [Theory]
    [InlineData("qemu64,-sse3,-popcnt")]
    [InlineData("core2duo")]
    [InlineData("Nehalem")]
    [InlineData("max")]
    public void It_runs_on_every_processor(string processor)
    {
        string expected = Cli.Run("info", "-s", Image).Output;
        Assert.NotEmpty(expected);
        Assert.Equal(expected, HostTool.Run("qemu-x86_64", "-cpu", processor, Program, "info", "-s", Image));
    }

    [Theory]
    [InlineData("info")]
    [InlineData("ps")]
    [InlineData("who", "init_task")]
    [InlineData("exposure")]
    public void It_runs_with_the_system_calls_of_3_16(params string[] command)
    {
        string launcher = Path.Combine(_directory.FullName, "old-kernel");
        HostTool.Run("gcc", "-Wall", "-Werror", "-o", launcher, Path.Combine(AppContext.BaseDirectory, "Install", "old-kernel.c"));
        Assert.NotEqual(0, HostTool.Try(launcher, "0", Program, "formats").ExitCode);
        Cli.Outcome expected = Cli.Run([.. command, "-s", Image]);
        (int exitCode, string text) = HostTool.Try(launcher, [$"{NewestSystemCall}", Program, .. command, "-s", Image]);
        Assert.Equal(expected.ExitCode, exitCode);
        Assert.Equal(expected.Output + expected.Error, text);
    }

    [Fact]
    public void It_writes_files_with_the_system_calls_of_3_16()
    {
        string launcher = Path.Combine(_directory.FullName, "old-kernel");
        HostTool.Run("gcc", "-o", launcher, Path.Combine(AppContext.BaseDirectory, "Install", "old-kernel.c"));
        string ours = Path.Combine(_directory.FullName, "ours");
        string theirs = Path.Combine(_directory.FullName, "theirs");
        HostTool.Run(launcher, $"{NewestSystemCall}", Program, "convert", Image, ours, "--format", "lime");
        Assert.Equal(0, Cli.Run("convert", Image, theirs, "--format", "lime").ExitCode);
        HostTool.Run("cmp", ours, theirs);
    }

    [Fact]
    public void A_processor_that_lacks_what_the_ordinary_program_was_built_for_is_told_in_one_line()
    {
        string ordinary = Program[..^"-static".Length];
        (int exitCode, string text) = HostTool.Try("qemu-x86_64", "-cpu", "qemu64", ordinary, "formats");
        if (exitCode != 0)
        {
            // Of QEMU's own lines about the signal we are not the author.
            Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => !line.StartsWith("qemu:", StringComparison.Ordinal));
        }
    }
}
