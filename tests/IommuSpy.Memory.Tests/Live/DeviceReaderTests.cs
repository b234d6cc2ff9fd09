using IommuSpy.Memory.Sources.Live;

namespace IommuSpy.Memory.Tests.Live;

public class DeviceReaderTests
{
    [Fact]
    public void A_read_that_is_held_up_is_whole_all_the_same()
    {
        // Longer than a page is kept, and while others forget what they keep.
        Counted bytes = new(() =>
        {
            RecentPages.Forget();
            Thread.Sleep(30);
        });
        DeviceReader reader = new(bytes, 0x1000);
        Span<byte> read = stackalloc byte[8];
        Assert.Equal(8, reader.Read(0x10, read));
        Assert.Equal(1UL, BitConverter.ToUInt64(read));
        Assert.Equal(8, reader.Read(0x18, read));
        Assert.Equal(2UL, BitConverter.ToUInt64(read));
    }

    [Fact]
    public void A_page_is_read_once_until_it_is_to_be_read_anew()
    {
        Counted bytes = new(() => { });
        DeviceReader reader = new(bytes, 0x1000);
        Span<byte> read = stackalloc byte[8];
        reader.Read(0, read);
        reader.Refresh();
        reader.Read(0, read);
        Assert.Equal(2UL, BitConverter.ToUInt64(read));
    }

    // Every page of it holds how many times it was read.
    private sealed class Counted(Action delay) : IDeviceBytes
    {
        private ulong _reads;

        public int Read(ulong at, Span<byte> destination)
        {
            _reads++;
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(destination).Fill(_reads);
            delay();
            return destination.Length;
        }
    }
}
