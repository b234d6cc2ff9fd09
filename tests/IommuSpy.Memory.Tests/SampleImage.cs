using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests;

/// <summary>A machine's memory with pages of every kind: zeros, text, random bytes, one byte over and over, page tables; with a hole, and with notes.</summary>
internal static class SampleImage
{
    internal const string VmCoreInfo = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nNUMBER(phys_base)=-16777216\n";

    /// <summary>Physical addresses of its runs.</summary>
    internal static readonly PhysicalRange[] Runs = [new(new(0x1000), 0x4_0000), new(new(0x10_0000), 0x12_3000), new(new(0x1_0000_0000), 0x2_0000)];

    /// <summary>The image as an ELF file, which the writers start from.</summary>
    internal static TemporaryFile Elf()
    {
        PhysicalMemoryBuilder builder = new();
        Random random = new(7);
        foreach (PhysicalRange run in Runs)
        {
            builder.AddRam(run.Start, run.Length);
            for (ulong at = 0; at < run.Length; at += PageFrame.Size)
            {
                if (Page(random) is byte[] page)
                {
                    builder.Write(run.Start + at, page);
                }
            }
        }

        return builder.WriteElf(
            ElfCoreBuilder.NoteBytes("CORE", 1, new byte[336]),
            ElfCoreBuilder.NoteBytes("QEMU", 0, [1, 0, 0, 0, 0xb8, 1, 0, 0, .. Enumerable.Repeat((byte)0x5a, 432)]),
            ElfCoreBuilder.NoteBytes("VMCOREINFO", 0, System.Text.Encoding.ASCII.GetBytes(VmCoreInfo)));
    }

    /// <summary>The image in another format.</summary>
    internal static TemporaryFile Written(WriteOptions options, bool piped = false)
    {
        using TemporaryFile elf = Elf();
        using MemoryImage image = MemoryImage.Open(elf.Path);
        return Written(image, options, piped, out _);
    }

    /// <summary>An image in another format.</summary>
    internal static TemporaryFile Written(MemoryImage image, WriteOptions options, bool piped, out WriteResult result)
    {
        TemporaryFile file = TemporaryFile.Nothing();
        if (piped)
        {
            using FileStream stream = File.Create(file.Path);
            result = ImageWriter.Write(image, image.Layouts[0], stream, options);
        }
        else
        {
            result = ImageWriter.Write(image, image.Layouts[0], file.Path, options);
        }

        return file;
    }

    /// <summary>A small kdump, to be spoiled.</summary>
    internal static byte[] KdumpBytes(PageCompression compression)
    {
        using TemporaryFile file = Written(new(ImageFormat.Kdump, compression));
        return File.ReadAllBytes(file.Path);
    }

    private static byte[]? Page(Random random)
    {
        byte[] page = new byte[PageFrame.Size];
        switch (random.Next(5))
        {
            case 0:
                return null;
            case 1:
                random.NextBytes(page);
                return page;
            case 2:
                Array.Fill(page, (byte)random.Next(1, 256));
                return page;
            case 3:
                for (int i = 0; i < page.Length; i++)
                {
                    page[i] = (byte)"the quick brown fox jumps over "[random.Next(4) == 0 ? random.Next(31) : i % 31];
                }

                return page;
            default:
                for (int i = 0; i < page.Length; i += 8)
                {
                    BitConverter.TryWriteBytes(page.AsSpan(i), ((ulong)random.Next(1 << 20) << 12) | 0x63);
                }

                return page;
        }
    }
}
