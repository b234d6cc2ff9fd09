using System.Security.Cryptography;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests.Writing;

/// <summary>An interrupted acquisition that goes on makes the file that an uninterrupted one makes.</summary>
public class ResumableTests
{
    [Theory]
    [InlineData(ImageFormat.Elf)]
    [InlineData(ImageFormat.Lime)]
    public void What_goes_on_is_the_same_file(ImageFormat format)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile whole = TemporaryFile.Nothing();
        (WriteResult expected, string hash, ulong kept) = Write(source, whole.Path, new(format), resume: false);
        Assert.Equal(0UL, kept);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(whole.Path))), hash);

        using TemporaryFile interrupted = TemporaryFile.Nothing();
        WriteOptions stops = new(format) { Progress = done => _ = done > 0.4 ? throw new IOException("no space left") : done };
        Assert.Throws<MemoryImageException>(() => Write(source, interrupted.Path, stops, resume: false));
        Assert.False(File.Exists(interrupted.Path));
        (WriteResult resumed, string secondHash, kept) = Write(source, interrupted.Path, new(format), resume: true);
        Assert.InRange(kept, 1UL, (ulong)SampleImage.Runs.Sum(run => (long)run.Length) - 1);
        Assert.Equal(hash, secondHash);
        Assert.Equal(expected.Pages, resumed.Pages);
        Assert.Equal(File.ReadAllBytes(whole.Path), File.ReadAllBytes(interrupted.Path));
        Assert.False(File.Exists(interrupted.Path + ".partial"));
        Assert.False(File.Exists(interrupted.Path + ".journal"));
    }

    [Theory]
    [InlineData(ImageFormat.Kdump)]
    [InlineData(ImageFormat.Lime)]
    public void A_device_is_not_replaced_by_a_file(ImageFormat format)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile link = TemporaryFile.Nothing();
        File.CreateSymbolicLink(link.Path, "/dev/full");
        WriteOptions options = new(format);
        Assert.Contains("redirect", Assert.Throws<MemoryImageException>(() => ImageWriter.Write(source, source.Layouts[0], link.Path, options)).Message,
            StringComparison.Ordinal);
        Assert.Contains("redirect", Assert.Throws<MemoryImageException>(() => Write(source, link.Path, options, resume: false)).Message,
            StringComparison.Ordinal);
        Assert.Equal("/dev/full", File.ResolveLinkTarget(link.Path, returnFinalTarget: false)!.FullName);
        Assert.False(File.Exists(link.Path + ".partial"));
        string directory = Path.GetTempPath();
        Assert.Contains("is a directory", Assert.Throws<MemoryImageException>(() => Write(source, directory, options, resume: false)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_begun_in_another_boot_is_refused()
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = TemporaryFile.Nothing();
        WriteOptions stops = new(ImageFormat.Lime) { Progress = done => _ = done > 0.4 ? throw new IOException("no space left") : done };
        Assert.Throws<MemoryImageException>(() => ImageWriter.WriteResumably(source, source.Layouts[0], file.Path, stops, "one boot", resume: false));
        MemoryImageException refusal =
            Assert.Throws<MemoryImageException>(() =>
                ImageWriter.WriteResumably(source, source.Layouts[0], file.Path, new(ImageFormat.Lime), "another", resume: true));
        Assert.Contains("another boot", refusal.Message, StringComparison.Ordinal);
        File.Delete(file.Path + ".partial");
        File.Delete(file.Path + ".journal");
    }

    [Theory]
    [InlineData(ImageFormat.Lime, "nothing to go on with")]
    [InlineData(ImageFormat.Avml, "--resume goes on with")]
    public void Nothing_to_go_on_with_is_refused(ImageFormat format, string reason)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = TemporaryFile.Nothing();
        Assert.Contains(reason, Assert.Throws<MemoryImageException>(() => Write(source, file.Path, new(format), resume: true)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_its_owners_alone()
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = TemporaryFile.Nothing();
        Write(source, file.Path, new(ImageFormat.Avml), resume: false);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
    }

    private static (WriteResult Result, string Hash, ulong Kept) Write(MemoryImage source, string path, WriteOptions options, bool resume) =>
        ImageWriter.WriteResumably(source, source.Layouts[0], path, options, "boot", resume);
}
