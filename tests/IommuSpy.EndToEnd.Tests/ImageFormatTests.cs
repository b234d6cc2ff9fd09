using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>One guest in every format that can be made here: by QEMU, by makedumpfile, and by us. Each page of each that has it is the same.</summary>
public sealed class ImageFormatTests : IDisposable
{
    private static readonly string Small = Guests.All.First(guest => guest.Vmcoreinfo && guest.Memory.Bytes < 1L << 30).Name;
    private static readonly string Large = Guests.All.First(guest => guest.Vmcoreinfo && guest.Memory.Bytes > 4L << 30).Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void QEMUs_kdump_has_every_page_of_its_ELF_dump(string guest)
    {
        string directory = Guests.Capture(guest).Directory;
        AssertSame(Path.Combine(directory, "dump.elf"), 0, Path.Combine(directory, "dump.kdump"));
    }

    [Theory]
    [InlineData("info")]
    [InlineData("roots")]
    [InlineData("translate", "init_task", "linux_banner")]
    [InlineData("layout")]
    public void Answers_from_the_kdump_are_those_from_the_ELF_dump(params string[] command)
    {
        string directory = Guests.Capture(Small).Directory;
        string[] elf = Cli.Run([.. command, "-s", Path.Combine(directory, "dump.elf")]).Lines;
        string[] kdump = Cli.Run([.. command, "-s", Path.Combine(directory, "dump.kdump")]).Lines;
        Assert.NotEmpty(elf);

        // The name of the file, and how it is read, are the file's.
        static IEnumerable<string> Comparable(string[] lines) =>
            lines.Where(line => !line.Contains("/dump.", StringComparison.Ordinal) && !line.Contains("read as", StringComparison.Ordinal));
        Assert.Equal(Comparable(elf), Comparable(kdump));
    }

    [Theory]
    [InlineData("-c", 0)]
    [InlineData("-c", 1)]
    [InlineData("-c", 31)]
    [InlineData("-l", 0)]
    [InlineData("-l", 31)]
    [InlineData("-F -c", 17)]
    public void Makedumpfiles_dumps_have_the_same_pages_and_say_what_they_lack(string options, int level)
    {
        string elf = Converted("dump.elf", "elf");
        string dump = Path.Combine(_directory.FullName, "dump");
        bool isFlat = options.StartsWith("-F", StringComparison.Ordinal);
        HostTool.Run("sh", "-c", $"makedumpfile {options} -d {level} {elf} {(isFlat ? "> " : "")}{dump}");
        AssertSame(elf, level, dump);
        if (level > 1)
        {
            Cli.Outcome info = Cli.Run("info", "-s", dump);
            Assert.Contains($"was left out when the image was made (dump level {level}:", info.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    public void What_makedumpfile_leaves_out_of_an_ELF_dump_is_left_out_and_no_zero(int level)
    {
        // Fewer pages than this in a row are kept in an ELF dump, whatever they are (makedumpfile.c, PFN_EXCLUDED).
        const int FewestLeftOut = 256;
        string whole = Converted("dump.elf", "elf");
        string elf = Path.Combine(_directory.FullName, "elf");
        string kdump = Path.Combine(_directory.FullName, "kdump");
        HostTool.Run("makedumpfile", "-E", "-d", $"{level}", whole, elf);
        HostTool.Run("makedumpfile", "-l", "-d", $"{level}", whole, kdump);
        using MemoryImage machine = MemoryImage.Open(whole);
        using MemoryImage stored = MemoryImage.Open(elf);
        using MemoryImage other = MemoryImage.Open(kdump);
        PhysicalMemory all = machine.Layouts[0].Memory;
        PhysicalMemory memory = stored.Layouts[0].Memory;
        byte[] expected = new byte[PageFrame.Size];
        byte[] found = new byte[PageFrame.Size];
        ulong leftOut = 0;
        int inRow = 0;
        Assert.Equal(all.Ranges, memory.Ranges);
        foreach (PhysicalRange range in all.Ranges)
        {
            for (ulong at = 0; at < range.Length; at += PageFrame.Size)
            {
                PhysicalAddress address = range.Start + at;
                all.Read(address, expected);
                bool isZero = !expected.AsSpan().ContainsAnyExcept((byte)0);

                // makedumpfile knows RAM alone, not the firmware's flash.
                bool mayBeLeftOut = isZero || other.Layouts[0].Memory.Excludes(address) || !other.Layouts[0].Memory.IsMemory(address);
                if (memory.Excludes(address))
                {
                    leftOut++;
                    inRow = 0;
                    Assert.True(mayBeLeftOut, $"{address} is left out, and the kdump has it");
                    Assert.Equal(0, memory.Read(address, found));
                    continue;
                }

                Assert.Equal(PageFrame.Size, memory.Read(address, found));
                Assert.True(expected.AsSpan().SequenceEqual(found), $"the page at {address} differs");
                inRow = mayBeLeftOut ? inRow + 1 : 0;
                Assert.True(inRow < 2 * FewestLeftOut, $"makedumpfile keeps no {inRow} pages up to {address} that it leaves out of a kdump");
            }
        }

        Assert.Equal(leftOut << PageFrame.Shift, memory.ExcludedBytes);
        Assert.True(leftOut > FewestLeftOut);
        Assert.Contains("was left out when the image was made", Cli.Run("info", "-s", elf).Output, StringComparison.Ordinal);
        PhysicalRange absent = memory.Ranges.SelectMany(Pages).First(page => memory.Excludes(page.Start));
        Cli.Outcome read = Cli.Run("read", "-s", elf, "--physical", $"{absent.Start}");
        Assert.Equal((1, ""), (read.ExitCode, read.Output));
        Assert.Contains("is left out of the image when it was made", read.Error, StringComparison.Ordinal);
        foreach (string format in (string[])["elf", "kdump"])
        {
            string again = Path.Combine(_directory.FullName, $"again.{format}");
            Assert.Equal(0, Cli.Run("convert", elf, again, "--format", format, "--exclude", "zero").ExitCode);
            using MemoryImage written = MemoryImage.Open(again);
            Assert.True(memory.Ranges.SelectMany(Pages).All(page => !memory.Excludes(page.Start) || written.Layouts[0].Memory.Excludes(page.Start)));
        }

        static IEnumerable<PhysicalRange> Pages(PhysicalRange range) =>
            Enumerable.Range(0, (int)(range.Length >> PageFrame.Shift))
                .Select(i => new PhysicalRange(range.Start + ((ulong)i << PageFrame.Shift), PageFrame.Size));
    }

    [Fact]
    public void A_dump_that_makedumpfile_split_is_one_image()
    {
        string elf = Converted("dump.elf", "elf", Large);
        string[] parts = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(_directory.FullName, $"part{i}"))];
        HostTool.Run("sh", "-c", $"makedumpfile --split -c -d 1 {elf} {string.Join(' ', parts)}");
        AssertSame(elf, 1, [parts[2], parts[0], parts[1]]);
        Cli.Outcome one = Cli.Run("info", "-s", parts[0]);
        Assert.Equal(3, one.ExitCode);
        Assert.Contains("was not given", one.Error, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Run("info", "-s", parts[1], "-s", parts[0], "-s", parts[2]).ExitCode);
    }

    [Theory]
    [InlineData("elf")]
    [InlineData("lime")]
    [InlineData("avml")]
    [InlineData("raw")]
    [InlineData("kdump", "--compress", "zlib")]
    [InlineData("kdump", "--compress", "snappy")]
    [InlineData("kdump", "--compress", "zstd")]
    [InlineData("kdump", "--compress", "none")]
    public void What_convert_writes_holds_every_page(string format, params string[] options)
    {
        string made = Converted("dump.kdump", format, Small, options);
        AssertSame(Path.Combine(Guests.Capture(Small).Directory, "dump.elf"), 0, made);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(made));
    }

    [Theory]
    [InlineData("gzip", "-1")]
    [InlineData("xz", "-0")]
    public void A_container_is_unpacked_once(string tool, string level)
    {
        string dump = Converted("dump.elf", "kdump", Small, "--compress", "zstd", "--exclude", "zero");
        string packed = Path.Combine(_directory.FullName, "packed");
        HostTool.Run("sh", "-c", $"{tool} {level} -c {dump} > {packed}");
        string? before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Combine(_directory.FullName, "cache"));
            Cli.Outcome first = Cli.Run("info", "-s", packed);
            Assert.Contains("unpacking into", first.Error, StringComparison.Ordinal);
            Assert.Equal(0, first.ExitCode);
            Assert.Empty(Cli.Run("info", "-s", packed).Error);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
        }
    }

    [Fact]
    public void A_gzip_of_several_members_is_one_image_and_a_cut_one_is_refused()
    {
        string dump = Converted("dump.elf", "kdump", Small, "--compress", "zstd", "--exclude", "zero");
        string packed = Path.Combine(_directory.FullName, "members");
        string cut = Path.Combine(_directory.FullName, "cut");
        string empty = Path.Combine(_directory.FullName, "ended");
        HostTool.Run("sh", "-c", $"{{ head -c 5000000 {dump} | gzip -1; tail -c +5000001 {dump} | gzip -1; }} > {packed}");
        HostTool.Run("sh", "-c", $"head -c -1000 {packed} > {cut}");

        // As bgzip ends a file.
        HostTool.Run("sh", "-c", $"{{ cat {packed}; : | gzip; }} > {empty}");
        string? before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Combine(_directory.FullName, "cache"));
            AssertSame(dump, 0, packed);
            AssertSame(dump, 0, empty);
            Cli.Outcome refused = Cli.Run("info", "-s", cut);
            Assert.Equal(3, refused.ExitCode);
            Assert.Contains("cut off", refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
        }
    }

    [Fact]
    public void Formats_are_listed()
    {
        Cli.Outcome outcome = Cli.Run("formats", "-J");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("\"name\":\"kdump\"", outcome.Output, StringComparison.Ordinal);
    }

    private static void AssertSame(string expected, int level, params string[] found)
    {
        using MemoryImage left = MemoryImage.Open(expected);
        using MemoryImage right = MemoryImage.Open(found, new(RamSplit: 0));
        PhysicalMemory elf = left.Layouts[0].Memory;
        PhysicalMemory other = right.Layouts[0].Memory;
        byte[] page = new byte[PageFrame.Size];
        byte[] same = new byte[PageFrame.Size];
        ulong missing = 0;
        ulong compared = 0;
        foreach (PhysicalRange range in elf.Ranges)
        {
            for (ulong at = 0; at < range.Length; at += PageFrame.Size)
            {
                PhysicalAddress address = range.Start + at;

                // makedumpfile knows RAM alone, not the firmware's flash.
                if (!other.IsMemory(address))
                {
                    Assert.True(address.Value >= (1UL << 32) - (16 << 20) && address.Value < 1UL << 32, $"{address} is no memory there");
                    continue;
                }

                int got = other.Read(address, same);
                Assert.Equal(other.Contains(address) ? PageFrame.Size : 0, got);
                if (got == 0)
                {
                    missing++;
                    continue;
                }

                Assert.Equal(PageFrame.Size, elf.Read(address, page));
                Assert.True(page.AsSpan().SequenceEqual(same), $"the page at {address} differs");
                compared++;
            }
        }

        Assert.Equal(missing, other.ExcludedBytes >> PageFrame.Shift);
        Assert.Equal(level > 1, missing > 0);
        Assert.True(compared > missing / 16);
    }

    private string Converted(string image, string format, string? guest = null, params string[] options)
    {
        string made = Path.Combine(_directory.FullName, $"made.{format}");
        Cli.Outcome outcome = Cli.Run(["convert", Path.Combine(Guests.Capture(guest ?? Small).Directory, image), made, "--format", format, .. options]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return made;
    }
}
