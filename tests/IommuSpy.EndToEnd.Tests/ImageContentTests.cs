using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>QEMU wrote the same stopped memory twice, as a RAM file and as an ELF dump.</summary>
public class ImageContentTests
{
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_page_that_both_images_have_is_the_same(string guest)
    {
        PhysicalMemory raw = GuestMachine.Open(guest, "ram.raw").Kernel.Memory;
        PhysicalMemory elf = GuestMachine.Open(guest, "dump.elf").Kernel.Memory;
        byte[] left = new byte[1 << 20];
        byte[] right = new byte[1 << 20];

        // The dump also has the firmware's flash, and leaves out what the machine keeps from the guest: addresses that only one of them has say nothing.
        foreach (PhysicalRange range in raw.DataRanges)
        {
            for (ulong at = 0; at < range.Length; at += (ulong)left.Length)
            {
                int length = (int)Math.Min((ulong)left.Length, range.Length - at);
                int got = raw.Read(range.Start + at, left.AsSpan(0, length));
                Assert.Equal(length, got);
                Assert.Equal(length, elf.Read(range.Start + at, right.AsSpan(0, length)));
                Assert.True(left.AsSpan(0, length).SequenceEqual(right.AsSpan(0, length)), $"the MiB at {range.Start + at} differs");
            }
        }
    }
}
