using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Tests;

public partial class OpeningTests
{
    private const int Nobody = 65534;

    [Fact]
    public void An_empty_file_is_refused() => ImageAssert.Refused([], "is empty");

    [Fact]
    public void A_missing_file_is_refused()
    {
        using TemporaryFile nothing = TemporaryFile.Nothing();
        ImageAssert.Refused(nothing.Path, null, "no such file");
        ImageAssert.Refused(Path.Combine(nothing.Path, "inside"), null, "no such file");
    }

    [Fact]
    public void A_directory_is_refused()
    {
        using TemporaryFile directory = TemporaryFile.Nothing();
        Directory.CreateDirectory(directory.Path);
        ImageAssert.Refused(directory.Path, null, "is a directory");
    }

    [Fact]
    public async Task A_fifo_is_refused_without_waiting_for_its_writer()
    {
        using TemporaryFile fifo = TemporaryFile.Nothing();
        Assert.Equal(0, MakeFifo(fifo.Path, Convert.ToUInt32("600", 8)));
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await Task.Run(() => ImageAssert.Refused(fifo.Path, null, "is a FIFO"), cancellation).WaitAsync(TimeSpan.FromSeconds(20), cancellation);
    }

    [Fact]
    public void A_character_device_is_refused() => ImageAssert.Refused("/dev/zero", null, "is a character device");

    [Fact]
    public void A_socket_is_refused()
    {
        using TemporaryFile path = TemporaryFile.Nothing();
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path.Path));
        ImageAssert.Refused(path.Path, null, "is a socket");
    }

    [Fact]
    public void A_link_to_a_directory_is_refused_as_the_directory_it_names()
    {
        using TemporaryFile link = TemporaryFile.Nothing();
        File.CreateSymbolicLink(link.Path, Path.GetTempPath());
        try
        {
            ImageAssert.Refused(link.Path, null, "is a directory");
        }
        finally
        {
            File.Delete(link.Path);
        }
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_refused()
    {
        using TemporaryFile file = TemporaryFile.With(new byte[4096]);
        File.SetUnixFileMode(file.Path, UnixFileMode.None);
        Exception? failure = null;

        // Root may read everything. The identity that file checks use belongs to a thread (setfsuid(2)), so one thread can give it up.
        Thread thread = new(() =>
        {
            _ = SetFileUser(Nobody);
            failure = Record.Exception(() => ImageAssert.Refused(file.Path, null, "permission denied"));
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void A_path_that_cannot_name_a_file_is_refused(string path) => ImageAssert.Refused(path, null);

    [Fact]
    public void A_file_larger_than_the_address_space_is_refused()
    {
        // A memory file can be of any size on every machine; the address space of a process ends at 2^47.
        using SafeFileHandle file = MakeMemoryFile("huge", 0);
        RandomAccess.SetLength(file, 1L << 62);
        ImageAssert.Refused($"/proc/self/fd/{file.DangerousGetHandle()}", null);
    }

    [Fact]
    public void A_mapped_file_is_disposed_twice_without_harm()
    {
        using TemporaryFile file = TemporaryFile.With(new byte[4096]);
        MappedFile mapped = MappedFile.Open(file.Path);
        mapped.Dispose();
        Assert.Null(Record.Exception(mapped.Dispose));
    }

    [Fact]
    public void Spans_of_a_mapped_file_end_with_the_file()
    {
        using TemporaryFile file = TemporaryFile.With([1, 2, 3, 4]);
        using MappedFile mapped = MappedFile.Open(file.Path);
        Assert.Equal([3, 4], mapped.Span(2, 2).ToArray());
        Assert.Equal(0, mapped.Span(4, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapped.Span(3, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapped.Span(5, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapped.Span(ulong.MaxValue, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapped.Span(0, -1).Length);
    }

    [Fact]
    public void Segments_of_a_mapped_file_end_with_the_file()
    {
        using TemporaryFile file = TemporaryFile.With(new byte[16]);
        using MappedFile mapped = MappedFile.Open(file.Path);
        Assert.Equal(16UL, MemorySegment.InFile(new(0), mapped, 0, 16).Range.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => MemorySegment.InFile(new(0), mapped, 0, 17));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemorySegment.InFile(new(0), mapped, 17, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemorySegment.InFile(new(0), mapped, 1, ulong.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemorySegment.InFile(new(0), mapped, 0, 0));
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle MakeMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(int user);
}
