using IommuSpy.Memory.Sources.Live;

namespace IommuSpy.Memory.Tests.Live;

public class KcoreBytesTests
{
    [Fact]
    public void Threads_that_read_at_once_each_get_what_they_asked_for_and_leave_no_file_open()
    {
        const int Pages = 64;
        byte[] content = [.. Enumerable.Range(0, Pages * PageFrame.Size).Select(at => (byte)(at / PageFrame.Size))];
        using TemporaryFile file = TemporaryFile.With(content);
        using (KcoreBytes bytes = new(file.Path, File.OpenHandle(file.Path)))
        {
            Parallel.For(0, 64 * Pages, i =>
            {
                byte[] page = new byte[PageFrame.Size];
                Assert.Equal(page.Length, bytes.Read((ulong)(i % Pages) * PageFrame.Size, page));
                Assert.Equal(-1, page.AsSpan().IndexOfAnyExcept((byte)(i % Pages)));
            });
        }

        Assert.DoesNotContain(file.Path, Directory.GetFiles("/proc/self/fd").Select(TargetOf));
    }

    [Fact]
    public void What_cannot_be_read_is_no_byte()
    {
        using TemporaryFile file = TemporaryFile.With([1, 2, 3]);
        using KcoreBytes bytes = new(file.Path, File.OpenHandle(file.Path));
        Assert.Equal(0, bytes.Read(100, new byte[8]));
    }

    // Other tests open and close files meanwhile, and so does listing them.
    private static string? TargetOf(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
