using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Tests;

/// <summary>The one place where files are opened.</summary>
public partial class OpenerTests
{
    [Fact]
    public void AFileIsReadToItsEnd()
    {
        using TemporaryFile file = TemporaryFile.With([.. Enumerable.Range(0, 200_000).Select(i => (byte)i)]);
        Assert.Equal(File.ReadAllBytes(file.Path), Opener.ReadAll(file.Path, 200_000));
    }

    [Fact]
    public void AFileThatIsLargerThanItMayBeIsRefused()
    {
        using TemporaryFile file = TemporaryFile.With(new byte[4097]);
        Assert.Equal("is larger than the 4 KiB that such a file may have", Assert.Throws<UnfitFileException>(() => Opener.ReadAll(file.Path, 4096)).Message);
    }

    [Fact]
    public void AFileOfTheKernelIsReadThoughItSaysThatItIsEmpty() => Assert.NotEmpty(Opener.ReadAll("/proc/self/maps", 64 << 20));

    [Theory]
    [InlineData("/dev/zero", "is a character device")]
    [InlineData("/tmp", "is a directory")]
    public void WhatIsNoRegularFileIsRefused(string target, string problem)
    {
        string link = Path.Combine(Path.GetTempPath(), $"iommu-spy-test-{Guid.NewGuid():N}");
        File.CreateSymbolicLink(link, target);
        try
        {
            Assert.Equal(problem, Assert.Throws<UnfitFileException>(() => Opener.Read(link)).Message);
            Assert.Equal(problem, Assert.Throws<UnfitFileException>(() => Opener.ReadAll(link, long.MaxValue)).Message);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public async Task AFifoIsRefusedWithoutWaiting()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using TemporaryFile fifo = TemporaryFile.Nothing();
        Assert.Equal(0, OpeningTests.MakeFifo(fifo.Path, Convert.ToUInt32("600", 8)));
        await Task.Run(() => Assert.Equal("is a FIFO", Assert.Throws<UnfitFileException>(() => Opener.Read(fifo.Path)).Message), cancellation)
            .WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        await Task.Run(() => Assert.Equal("is a FIFO", Assert.Throws<UnfitFileException>(() => Opener.Write(fifo.Path)).Message), cancellation)
            .WaitAsync(TimeSpan.FromSeconds(20), cancellation);
    }

    [Fact]
    public void NothingIsWrittenThroughALink()
    {
        using TemporaryFile target = TemporaryFile.With([1, 2, 3]);
        using TemporaryFile link = TemporaryFile.Nothing();
        File.CreateSymbolicLink(link.Path, target.Path);
        Assert.Contains("is a link", Assert.Throws<UnfitFileException>(() => Opener.Write(link.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<UnfitFileException>(() => Opener.Emptied(link.Path));
        Assert.Throws<UnfitFileException>(() => Opener.Existing(link.Path));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(target.Path));
    }

    [Fact]
    public void ANewFileIsItsOwnersAlone()
    {
        using TemporaryFile file = TemporaryFile.Nothing();
        Opener.New(file.Path).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
        Assert.Throws<IOException>(() => Opener.New(file.Path));
    }

    [Fact]
    public void WhatIsNotThereIsSaidAsTheSystemSaysIt()
    {
        Assert.Throws<FileNotFoundException>(() => Opener.Read("/proc/no-such-file"));
        Assert.Throws<DirectoryNotFoundException>(() => Opener.Read("/proc/no-such-directory/file"));
    }

    /// <remarks>A record beside an image that leads to /dev/zero would be read for ever.</remarks>
    [Fact]
    public void ARecordThatLeadsToADeviceIsNone()
    {
        using TemporaryFile image = TemporaryFile.Nothing();
        string record = image.Path + SystemRecord.Extension;
        File.CreateSymbolicLink(record, "/dev/zero");
        try
        {
            Assert.Null(SystemRecord.Beside(image.Path));
        }
        finally
        {
            File.Delete(record);
        }
    }

    [Fact]
    public void NoOtherSourceOpensAFile()
    {
        string sources = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "src"));
        string[] opening =
        [
            .. Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
                .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && Path.GetFileName(path) != "Opener.cs")
                .SelectMany(path => File.ReadLines(path).Where(line => Opening().IsMatch(line)).Select(line => $"{Path.GetFileName(path)}: {line.Trim()}"))
                .Order(StringComparer.Ordinal),
        ];

        // Descriptors 0 to 2 are held open before anything else is.
        Assert.Equal(["Descriptor.cs: [LibraryImport(\"libc\", EntryPoint = \"open\", StringMarshalling = StringMarshalling.Utf8)]"], opening);
    }

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex(
        @"\bFile\.(Open|ReadAll|ReadLines|WriteAll|AppendAll|Create(?!SymbolicLink)|AppendText)|\bnew (FileStream|FileStreamOptions)\b|\bFileStream \w+ = new\("
        + @"|EntryPoint = ""(open|openat|creat|fopen)""|MemoryMappedFile\.CreateFromFile\(path",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Opening();
}
