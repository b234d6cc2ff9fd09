using System.Buffers.Binary;
using CsCheck;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests;

/// <summary>Spoiled files of every format: refused with a MemoryImageException, or opened as memory that can be read, whatever it reads.</summary>
public class FormatMutationTests
{
    private static readonly ulong[] Extremes = [0, 1, 8, 0x7f, 0xff, 0xfff, 0x1000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1UL << 40, 1UL << 52,
        1UL << 63, ulong.MaxValue - 0xfff, ulong.MaxValue];

    public static TheoryData<string> Formats => ["kdump zlib", "kdump snappy", "kdump zstd", "flattened", "lime", "avml", "elf", "xen"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Changed_fields_and_cut_ends(string format)
    {
        byte[] good = Bytes(format);

        // Headers are at the beginning, and in formats that repeat them anywhere.
        Gen<int> position = Gen.OneOf(Gen.Int[0, Math.Min(good.Length, 600) - 1], Gen.Int[0, Math.Min(good.Length, 30_000) - 1], Gen.Int[0, good.Length - 1]);
        Gen<(int At, int Size, ulong Value)[]> changes =
            Gen.Select(position, Gen.OneOf(1, 2, 4, 8), Gen.OneOf(Gen.OneOf(Extremes), Gen.ULong, Gen.ULong[0, (ulong)good.Length * 2])).Array[0, 4];
        Gen.Select(changes, Gen.Int[0, good.Length], Gen.Int[0, 3], Gen.Bool).Sample(
            (changed, cut, isCut, allowTruncated) =>
            {
                byte[] bytes = [.. good];
                byte[] field = new byte[sizeof(ulong)];
                foreach ((int at, int size, ulong value) in changed)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(field, value);
                    field.AsSpan(0, Math.Min(size, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
                }

                using TemporaryFile file = TemporaryFile.With(isCut == 0 ? bytes.AsSpan(0, cut) : bytes);
                try
                {
                    using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: 0, AllowTruncated: allowTruncated));
                    Assert.True(allowTruncated || image.Damage.Count == 0 || image.Format == "raw");
                    ReadEverything(image.Layouts[0].Memory);
                }
                catch (MemoryImageException e)
                {
                    Assert.StartsWith(file.Path + ": ", e.Message, StringComparison.Ordinal);
                    Assert.DoesNotContain('\n', e.Message);
                }
            },
            iter: 200);
    }

    private static void ReadEverything(PhysicalMemory memory)
    {
        byte[] buffer = new byte[256 << 10];
        foreach (PhysicalRange range in memory.Ranges.Take(1000))
        {
            int length = (int)Math.Min(range.Length, (ulong)buffer.Length);
            Assert.InRange(memory.Read(range.Start, buffer.AsSpan(0, length)), 0, length);
            Assert.InRange(memory.Read(range.Last, buffer.AsSpan(0, 1)), 0, 1);
            memory.Contains(range.Last);
        }

        foreach (PhysicalRange data in memory.DataRanges.Take(1000))
        {
            for (ulong at = 0; at < Math.Min(data.Length, 8UL << 20); at += (ulong)buffer.Length)
            {
                memory.ReadSparsely(data.Start + at, buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, data.Length - at)));
            }
        }
    }

    private static byte[] Bytes(string format)
    {
        if (format == "elf")
        {
            using TemporaryFile elf = SampleImage.Elf();
            return File.ReadAllBytes(elf.Path);
        }

        if (format == "xen")
        {
            ulong[] frames = [1, 2, 3, 0x10_0000, 7, ulong.MaxValue, 0x10_0001];
            return new XenCoreBuilder { Frames = frames }.AddCpu(CpuState.With(default, default, ("CR0", 0UL), ("CR3", 0UL), ("CR4", 0UL)))
                .Build(frame => [.. Enumerable.Repeat((byte)frame, PageFrame.Size)]);
        }

        using TemporaryFile file = format switch
        {
            "flattened" => SampleImage.Written(new(ImageFormat.Kdump), piped: true),
            "lime" => SampleImage.Written(new(ImageFormat.Lime)),
            "avml" => SampleImage.Written(new(ImageFormat.Avml)),
            _ => SampleImage.Written(new(ImageFormat.Kdump, Enum.Parse<PageCompression>(format.Split(' ')[1], ignoreCase: true))),
        };
        return File.ReadAllBytes(file.Path);
    }
}
