namespace IommuSpy.EndToEnd.Tests;

/// <summary>Files that are no whole image of a Linux machine: one line, exit code 1 or 3, soon.</summary>
public sealed class HostileInputTests : IDisposable
{
    private const long GiB = 1L << 30;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    // Not randomised: its kernel is at 16 MiB, below where these tests cut. One that stands above the cut is no kernel any more.
    private static readonly string LowGuest = Guests.All.First(guest => guest.Append == "nokaslr").Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_directory() => Refused(_directory.FullName, 3);

    [Fact]
    public void A_file_that_is_not_there() => Refused(Path.Combine(_directory.FullName, "none"), 3);

    [Fact]
    public void An_empty_file() => Refused(Made("empty", 0, _ => { }), 3);

    [Fact]
    public void Less_than_a_page() => Refused(Made("small", 100, _ => { }), 3);

    [Fact]
    public void Two_GiB_of_nothing() => Refused(Made("hole", 2 * GiB, _ => { }), 1);

    [Fact]
    public void Two_GiB_of_random_bytes() => Refused(Made("random", 2 * GiB, file =>
    {
        byte[] block = new byte[16 << 20];
        Random random = new(1);
        for (long at = 0; at < 2 * GiB; at += block.Length)
        {
            random.NextBytes(block);
            file.Write(block);
        }
    }), 1);

    [Fact]
    public void Pages_whose_every_entry_looks_like_a_table() => Refused(Made("tables", 64 << 20, file =>
    {
        // Each 8 bytes point, present and writable, at some page of the file.
        byte[] page = new byte[4096];
        Random random = new(2);
        for (int number = 0; number < (64 << 20) / page.Length; number++)
        {
            for (int at = 0; at < page.Length; at += 8)
            {
                BitConverter.TryWriteBytes(page.AsSpan(at), ((ulong)random.Next((64 << 20) / 4096) << 12) | 0x63);
            }

            file.Write(page);
        }
    }), 1);

    [Fact]
    public void A_raw_image_that_has_lost_half_of_its_memory() => Refused(Cut(Guests.Capture(LowGuest).RamFile, 2), 3);

    [Fact]
    public void A_raw_image_that_has_lost_nearly_all_of_its_memory() => Refused(Cut(Guests.Capture(LowGuest).RamFile, 64), 1);

    [Fact]
    public void An_ELF_dump_that_has_lost_its_end() => Refused(Cut(Guests.Capture(LowGuest).ElfDump, 2), 3);

    [Fact]
    public void What_is_left_of_a_cut_image_is_analysed_when_asked_for()
    {
        string cut = Cut(Guests.Capture(LowGuest).RamFile, 2);
        Cli.Outcome outcome = Cli.Run("info", "-s", cut, "--allow-truncated");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("that the kernel maps as memory is not in the image", outcome.Output, StringComparison.Ordinal);
    }

    private static void Refused(string path, int exitCode)
    {
        Cli.Outcome outcome = Cli.Run("info", "-s", path);
        Assert.Equal("", outcome.Output);
        string line = Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"iommu-spy: {path}", line, StringComparison.Ordinal);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.True(outcome.Time < Soon, $"took {outcome.Time}");
    }

    private string Made(string name, long length, Action<FileStream> fill)
    {
        string path = Path.Combine(_directory.FullName, name);
        using FileStream file = File.Create(path);
        file.SetLength(length);
        fill(file);
        return path;
    }

    private string Cut(string image, int parts)
    {
        string path = Path.Combine(_directory.FullName, "cut");
        using FileStream whole = File.OpenRead(image);
        using FileStream cut = File.Create(path);
        byte[] block = new byte[1 << 20];
        for (long left = whole.Length / parts; left > 0;)
        {
            int got = whole.Read(block, 0, (int)Math.Min(block.Length, left));
            cut.Write(block, 0, got);
            left -= got;
        }

        return path;
    }
}
