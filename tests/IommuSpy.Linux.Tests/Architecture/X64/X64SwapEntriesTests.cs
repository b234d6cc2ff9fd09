using CsCheck;
using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Architecture.X64;

/// <summary>Entries that hardware does not use, in every layout.</summary>
public class X64SwapEntriesTests
{
    private const ulong AddressBits = 0x000f_ffff_ffff_f000;

    // 6.1 with device memory: MAX_SWAPFILES is 22.
    private static readonly SwapTypes Linux61 = new(22,
    [
        NonPresentKind.HardwarePoison, NonPresentKind.Migration, NonPresentKind.Migration, NonPresentKind.Migration, NonPresentKind.DevicePrivate,
        NonPresentKind.DevicePrivate, NonPresentKind.DeviceExclusive, NonPresentKind.DeviceExclusive, NonPresentKind.Marker, NonPresentKind.SwapInError,
    ]);

    private static readonly X64SwapEntries Entries = new(Linux61) { FrameBits = 34 };

    /// <summary>Worked out by hand: offset 0x1234 inverted in bits 9-58 is 0x07ffffffffdb9600.</summary>
    [Theory]
    [InlineData(0x07ff_ffff_ffdb_9600, NonPresentKind.Swap, 0, 0x1234UL, null)]
    [InlineData(0x0fff_ffff_ffff_fc00, NonPresentKind.Swap, 1, 0x1UL, null)]
    [InlineData(0x07ff_ffff_ffff_fe00, NonPresentKind.Swap, 0, 0x0UL, null)]
    [InlineData(0x07ff_ffff_ffff_fe02, NonPresentKind.Swap, 0, 0x0UL, null)] // soft-dirty
    [InlineData(0xb7ff_ffff_ffdb_9600, NonPresentKind.HardwarePoison, 22, 0x1234UL, 0x1234UL)]
    [InlineData(0xbfff_ffff_ffdb_9600, NonPresentKind.Migration, 23, 0x1234UL, 0x1234UL)]
    [InlineData(0xd7ff_ffff_ffdb_9600, NonPresentKind.DevicePrivate, 26, 0x1234UL, null)]
    [InlineData(0xe7ff_ffff_ffdb_9600, NonPresentKind.DeviceExclusive, 28, 0x1234UL, null)]
    [InlineData(0xf7ff_ffff_ffff_fc00, NonPresentKind.Marker, 30, 0x1UL, null)]
    [InlineData(0xffff_ffff_ffff_fe00, NonPresentKind.SwapInError, 31, 0x0UL, null)]
    [InlineData(0x0000_0000_048d_0000, NonPresentKind.Swap, 0, 0x1234UL, null)] // 4.6: 0x1234 << 14
    [InlineData(0x0000_0000_048d_0200, NonPresentKind.Swap, 1, 0x1234UL, null)]
    [InlineData(0x000f_ffff_fffe_d120, NonPresentKind.ProtNone, null, null, 0x12UL)]
    [InlineData(0x0000_3fff_fffe_d120, NonPresentKind.ProtNone, null, null, 0x12UL)] // fixed 4.4 to 4.15, of 46 bits
    [InlineData(0x0000_0000_0001_2120, NonPresentKind.ProtNone, null, null, 0x12UL)] // before L1TF
    [InlineData(0x8000_0000_0001_2120, NonPresentKind.ProtNone, null, null, 0x12UL)]
    [InlineData(0, NonPresentKind.Empty, null, null, null)]
    public void KnownAnswers(ulong entry, NonPresentKind kind, int? type, ulong? offset, ulong? frame)
    {
        NonPresentEntry read = Entries.Read(entry);
        Assert.Equal((kind, type, offset, frame), (read.Kind, read.Type, read.Offset, read.Frame?.Number));
    }

    [Fact]
    public void OffsetsOfEachLayoutComeBack() =>
        Gen.Select(Gen.ULong[0, 31], Gen.ULong[0, (1UL << 40) - 1]).Sample((type, offset) =>
        {
            (ulong Entry, SwapLayout Layout)[] forms =
            [
                (SwapEncoder.Inverted(type, offset), SwapLayout.Since48),
                (SwapEncoder.Inverted(type, offset), SwapLayout.Before48),
                (SwapEncoder.Since48(type, offset), SwapLayout.Since48),
                (SwapEncoder.Before48(type, offset), SwapLayout.Before48),
                (SwapEncoder.Before48Numa(type, offset), SwapLayout.Before48Numa),
            ];
            foreach ((ulong entry, SwapLayout layout) in forms.Where(form => form.Entry != 0))
            {
                NonPresentEntry read = new X64SwapEntries(new(32, [])) { Layout = layout }.Read(entry);
                Assert.Equal((NonPresentKind.Swap, (int)type, offset), (read.Kind, read.Type, read.Offset));
            }
        });

    /// <summary>The C-bit is no part of a PROT_NONE entry's address, and no C-bit at all in a swap entry.</summary>
    [Fact]
    public void MemoryEncryptionChangesNeitherFrameNorOffset() =>
        Gen.Select(Gen.OneOf(0UL, 1UL << 47, 1UL << 51), Gen.ULong[1, (1UL << 34) - 1], Gen.Bool).Sample((encryption, frame, set) =>
        {
            ulong mask = ~encryption;
            X64SwapEntries entries = Entries with { EntryMask = mask };
            ulong protNone = SwapEncoder.ProtNone(frame << 12, AddressBits & mask) | (set ? encryption : 0);
            Assert.Equal(frame, entries.Read(protNone).Frame!.Value.Number);
            Assert.Equal(frame, entries.Read(SwapEncoder.Inverted(3, frame)).Offset);
        });

    /// <summary>A large page's entry inverts only the bits of a large page's address.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void ALargePageWithoutAccessHasItsFirstFrame(int level)
    {
        ulong size = 1UL << (3 + (9 * level));
        ulong address = 5 * size;
        ulong entry = SwapEncoder.ProtNone(address, AddressBits & ~(size - 1)) | 0x80;
        Assert.Equal(new PhysicalAddress(address).Frame, Entries.Read(entry, level).Frame);
    }

    /// <summary>Since 6.1 a migration entry keeps accessed and dirty bits above the frame, whose width is that of the kernel's physical addresses.</summary>
    [Fact]
    public void AMigrationEntrysFrameIsWithoutItsAccessedAndDirtyBits() =>
        Gen.Select(Gen.OneOf(34, 40), Gen.ULong[0, (1UL << 34) - 1], Gen.Bool, Gen.Bool).Sample((bits, frame, accessed, dirty) =>
            Assert.Equal(frame, (Entries with { FrameBits = bits }).Read(SwapEncoder.Migration(24, frame, bits, accessed, dirty)).Frame!.Value.Number));

    /// <summary>3.16 marks pages for NUMA balancing by bit 9 with the present bit clear; the page stays.</summary>
    [Fact]
    public void AnOldNumaHintIsAPageInMemory()
    {
        X64SwapEntries entries = new(new(29, [])) { Layout = SwapLayout.Before48Numa };
        NonPresentEntry read = entries.Read(0x8000_0000_1234_5266);
        Assert.Equal((NonPresentKind.ProtNone, 0x12345UL), (read.Kind, read.Frame!.Value.Number));
        Assert.Contains("NUMA", read.Description, StringComparison.Ordinal);
    }

    /// <summary>Any bits whatever give an answer.</summary>
    [Fact]
    public void EveryEntryHasAKindAndADescription() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 5], Gen.OneOf(SwapTypes.Unknown, Linux61)).Sample((entry, level, types) =>
        {
            NonPresentEntry read = new X64SwapEntries(types).Read(entry & ~1UL, level);
            Assert.NotEqual("", read.Description);
            Assert.True(read.Frame is null || read.Frame.Value.Number < 1UL << 40);
        });

    [Theory]
    [InlineData("3.16.59", false, nameof(SwapLayout.Before48))]
    [InlineData("3.16.59", true, nameof(SwapLayout.Before48Numa))]
    [InlineData("4.4.302", true, nameof(SwapLayout.Before48))]
    [InlineData("4.7.10", true, nameof(SwapLayout.Before48))]
    [InlineData("4.8.0", true, nameof(SwapLayout.Since48))]
    [InlineData("6.1.0", true, nameof(SwapLayout.Since48))]
    public void TheReleaseTellsTheOldLayouts(string release, bool numa, string layout) =>
        Assert.Equal(layout, Of(new() { Release = release, MoreFunctions = numa ? ["task_numa_fault"] : [] }).Layout.ToString());

    [Theory]
    [InlineData(4, 34)]
    [InlineData(5, 40)]
    public void TheDepthOfTheTablesTellsAFramesBits(int levels, int bits) => Assert.Equal(bits, Of(levels == 5
        ? new() { Levels = 5, PageOffset = 0xff11_0000_0000_0000, Vmalloc = 0xffa0_0000_0000_0000, Vmemmap = 0xffd4_0000_0000_0000 }
        : new()).FrameBits);

    private static X64SwapEntries Of(KernelBuilder made)
    {
        using BuiltMachine machine = BuiltMachine.Raw(made);
        return X64SwapEntries.Of(machine.Discover());
    }
}
