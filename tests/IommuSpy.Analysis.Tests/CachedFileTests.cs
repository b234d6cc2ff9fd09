using IommuSpy.Analysis.Cache;
using IommuSpy.Linux.PageCache;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Tests;

public sealed class CachedFileTests : IDisposable
{
    private const int Page = 4096;
    private const ulong Ram = 4UL << 20;
    private readonly TemporaryFile _memory;
    private readonly MemoryImage _image;
    private readonly byte[] _content = new byte[Ram];

    public CachedFileTests()
    {
        new Random(3).NextBytes(_content);
        PhysicalMemoryBuilder builder = new();
        builder.AddRam(new(0), Ram);
        builder.Write(new(0), _content);
        _memory = builder.WriteRaw();
        _image = MemoryImage.Open(_memory.Path);
    }

    public void Dispose()
    {
        _image.Dispose();
        _memory.Dispose();
    }

    /// <summary>The last page is cut where the file ends, pages beyond that are not written, and what is not there stays a hole.</summary>
    [Fact]
    public void What_is_written_is_the_file_up_to_its_last_byte()
    {
        const ulong Bytes = (6 * Page) + 100;
        CachedFile file = new(
            File(Bytes),
            [
                Cached(0, 2, 0x10), new(CacheState.Hole, 2, 1), Cached(3, 1, 0x300), new(CacheState.Swapped, 4, 2), Cached(6, 1, 0x20), Cached(7, 4, 0x40),
            ],
            []);
        byte[] expected = new byte[Bytes];
        _content.AsSpan(0x10 * Page, 2 * Page).CopyTo(expected);
        _content.AsSpan(0x300 * Page, Page).CopyTo(expected.AsSpan(3 * Page));
        _content.AsSpan(0x20 * Page, 100).CopyTo(expected.AsSpan(6 * Page));
        (byte[] written, IReadOnlyList<string> problems) = Write(file);
        Assert.Empty(problems);
        Assert.Equal(expected, written);
        Assert.Equal(2UL, file.MissingPages);
        Assert.Equal((3UL * Page) + 100, file.CachedBytes);
        Assert.False(file.IsWhole);
    }

    [Fact]
    public void A_hole_of_what_is_in_memory_alone_is_no_loss_and_damage_is()
    {
        CachedFile whole = new(File(3 * Page), [Cached(0, 1, 0x10), new(CacheState.Hole, 1, 2)], []);
        Assert.True(whole.IsWhole);
        Assert.False((whole with { Problems = ["page 1: it is another file's"] }).IsWhole);
        Assert.False((whole with { Runs = [Cached(0, 1, 0x10), new(CacheState.Unknown, 1, 2)] }).IsWhole);
        Assert.False((whole with { Runs = [Cached(0, 1, 0x10), new(CacheState.Unread, 1, 2)] }).IsWhole);
    }

    /// <summary>A run that leaves the image in its middle: what is there is written, and what is not is said.</summary>
    [Fact]
    public void What_the_image_does_not_have_is_said()
    {
        CachedFile file = new(File(4 * Page), [Cached(0, 4, (Ram / Page) - 2)], []);
        (byte[] written, IReadOnlyList<string> problems) = Write(file);
        Assert.Equal(_content[^(2 * Page)..], written[..(2 * Page)]);
        Assert.Equal(new byte[2 * Page], written[(2 * Page)..]);
        Assert.StartsWith("8 KiB of what the machine had in memory cannot be read: 0x0000000000400000 is ", Assert.Single(problems), StringComparison.Ordinal);
    }

    private static PageFile File(ulong bytes) => new(new(0), new(0), 12, bytes, "tmpfs", null, "/file");

    private static CacheRun Cached(ulong index, ulong pages, ulong frame) => new(CacheState.Cached, index, pages) { Frame = new(frame) };

    private (byte[] Written, IReadOnlyList<string> Problems) Write(CachedFile file)
    {
        using MemoryStream stream = new();
        IReadOnlyList<string> problems = file.Write(_image.Layouts[0].Memory, stream);
        return (stream.ToArray(), problems);
    }
}
