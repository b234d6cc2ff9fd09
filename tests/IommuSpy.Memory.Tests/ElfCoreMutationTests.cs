using System.Buffers.Binary;
using CsCheck;

namespace IommuSpy.Memory.Tests;

/// <summary>Spoiled ELF files: refused with a MemoryImageException, or opened as memory whose every byte can be read.</summary>
public class ElfCoreMutationTests
{
    // The program headers and notes: what a parser believes. Behind them is only memory.
    private const int Interesting = 64 + (4 * 56) + 120;

    private static readonly byte[] Good = new ElfCoreBuilder()
        .AddNotes(ElfCoreBuilder.NoteBytes("CORE", 1, new byte[20]), ElfCoreBuilder.NoteBytes("QEMU", 0, [1, .. new byte[439]]))
        .AddLoad(0x1_0000, new byte[300], memoryBytes: 0x1000)
        .AddLoad(0x2000, new byte[200])
        .AddLoad(0x20c8, new byte[56])
        .Build();

    private static readonly Gen<ulong> GenValue = Gen.OneOf(
        Gen.OneOf<ulong>(0, 1, 4, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 0xfff),
        Gen.ULong[0, (ulong)Good.Length + 8],
        Gen.ULong);

    private static readonly Gen<(int At, int Size, ulong Value)> GenChange = Gen.Select(
        Gen.OneOf(Gen.Int[4, Interesting], Gen.Int[4, Good.Length - 1]), Gen.OneOf(1, 2, 4, 8), GenValue);

    [Fact]
    public void The_file_that_is_spoiled_is_good()
    {
        using TemporaryFile file = TemporaryFile.With(Good);
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Single(image.Cpus);
        Assert.Equal(2, image.Layouts[0].Memory.Ranges.Count);
    }

    [Fact]
    public void Changed_fields_and_cut_ends_are_refused_or_read_within_bounds() =>
        Gen.Select(GenChange.Array[0, 4], Gen.Int[0, Good.Length], Gen.Bool, Gen.Bool).Sample(
        (changes, cut, isCut, allowTruncated) =>
        {
            byte[] bytes = [.. Good];
            foreach ((int at, int size, ulong value) in changes)
            {
                byte[] field = new byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(field, value);
                field.AsSpan(0, Math.Min(size, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
            }

            using TemporaryFile file = TemporaryFile.With(isCut ? bytes.AsSpan(0, cut) : bytes);
            try
            {
                using MemoryImage image = MemoryImage.Open(file.Path, new(AllowTruncated: allowTruncated));
                ReadEverything(image);
                Assert.True(allowTruncated || image.Damage.Count == 0);
            }
            catch (MemoryImageException e)
            {
                Assert.StartsWith(file.Path + ": ", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', e.Message);
            }
        },
        iter: 5_000);

    private static void ReadEverything(MemoryImage image)
    {
        PhysicalMemory memory = Assert.Single(image.Layouts).Memory;
        byte[] buffer = new byte[8192];
        foreach (PhysicalRange range in memory.Ranges)
        {
            // Memory that was left out can be exabytes: its two ends and the stored bytes are what can go wrong.
            int length = (int)Math.Min(range.Length, (ulong)buffer.Length);
            Assert.InRange(memory.Read(range.Start, buffer.AsSpan(0, length)), memory.Contains(range.Start) ? 1 : 0, memory.Contains(range.Start) ? length : 0);
            Assert.Equal(memory.Contains(range.Last) ? 1 : 0, memory.Read(range.Last, buffer.AsSpan(0, range.Last.Value == ulong.MaxValue ? 2 : 1)));
            Assert.NotEqual(memory.Contains(range.Last), memory.Excludes(range.Last));
        }

        foreach (PhysicalRange data in memory.DataRanges)
        {
            // A data range ends with a page, which may be left out from somewhere on.
            byte[] bytes = new byte[data.Length];
            memory.Read(data.Start, bytes);
        }

        Assert.All(image.Notes, note => Assert.InRange(note.Descriptor.Length, 0, Good.Length));
    }
}
