using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Peers;

/// <summary>What convert writes, opened by the tools that people have: libkdumpfile, makedumpfile, readelf. Each page is that of QEMU's dump.</summary>
public sealed class WrittenImageTests : IDisposable
{
    private static readonly string Guest = Guests.All.First(guest => guest.Vmcoreinfo && guest.Memory.Bytes < 1L << 30).Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private static string Dump => Guests.Capture(Guest).ElfDump;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("elf")]
    [InlineData("kdump", "--compress", "zlib")]
    [InlineData("kdump", "--compress", "snappy")]
    [InlineData("kdump", "--compress", "zstd")]
    [InlineData("kdump", "--compress", "none")]
    public void Libkdumpfile_reads_every_page(string format, params string[] options)
    {
        string reader = PageHashes.BuildReader(_directory.FullName);
        string made = Converted(Dump, format, options);
        ulong bytes = (ulong)new FileInfo(Guests.Capture(Guest).RamFile).Length;
        string hashes = Path.Combine(_directory.FullName, "hashes");
        HostTool.Run("sh", "-c", $"{reader} {made} {bytes} > {hashes}");
        Assert.Equal(PageHashes.Of(Dump, bytes), MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes(hashes)).ToArray());
    }

    [Theory]
    [InlineData("elf")]
    [InlineData("kdump", "--compress", "zlib")]
    [InlineData("kdump", "--compress", "none")]
    public void Makedumpfile_makes_the_same_dump_of_it_as_of_QEMUs(string format, params string[] options)
    {
        // Their first dump has RAM alone: of a kdump with the firmware's flash below 4 GiB they make no other, QEMU's included.
        string first = Path.Combine(_directory.FullName, "first");
        HostTool.Run("makedumpfile", "-c", "-d", "0", Converted(Dump, "elf"), first);
        string made = Converted(first, format, options);
        string theirs = Path.Combine(_directory.FullName, "theirs");
        HostTool.Run("makedumpfile", "-c", "-d", "0", made, theirs);
        ulong bytes = (ulong)new FileInfo(Guests.Capture(Guest).RamFile).Length;
        Assert.Equal(PageHashes.Of(Dump, bytes), PageHashes.Of(theirs, bytes));
    }

    [Fact]
    public void Readelf_has_no_complaint()
    {
        string made = Converted(Dump, "elf");
        (int exitCode, string text) = HostTool.Try("readelf", "--wide", "--headers", "--notes", made);
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("arning", text, StringComparison.Ordinal);
        Assert.DoesNotContain("rror", text, StringComparison.Ordinal);
        Assert.Contains("CORE (Core file)", text, StringComparison.Ordinal);
        Assert.Contains("VMCOREINFO", text, StringComparison.Ordinal);
        using MemoryImage image = MemoryImage.Open(Dump);
        foreach (PhysicalRange range in image.Layouts[0].Memory.Ranges)
        {
            Assert.Contains($"0x{range.Start.Value:x16}", text, StringComparison.Ordinal);
        }
    }

    private string Converted(string image, string format, params string[] options)
    {
        string made = Path.Combine(_directory.FullName, $"{Path.GetFileName(image)}.made.{format}");
        Cli.Outcome outcome = Cli.Run(["convert", image, made, "--format", format, .. options]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return made;
    }
}
