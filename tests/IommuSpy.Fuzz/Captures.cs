using System.IO.Compression;
using IommuSpy.Memory;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;
using IommuSpy.Testing;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Fuzz;

/// <summary>Captures of a machine built in code, in every format that can be written.</summary>
internal static class Captures
{
    /// <summary>A machine with a kernel: 64 MiB.</summary>
    internal static IReadOnlyList<(string Name, byte[] Bytes)> OfKernel()
    {
        KernelBuilder made = new() { Ram = [new(new(0), 64UL << 20)] };
        PhysicalMemoryBuilder memory = new();
        memory.AddRam(made.Ram[0].Start, made.Ram[0].Length);
        made.Build(memory);
        using TemporaryFile raw = memory.WriteRaw();
        using MemoryImage image = MemoryImage.Open(raw.Path, new(RamSplit: 0));
        return [("raw", File.ReadAllBytes(raw.Path)), .. Written(image)];
    }

    /// <summary>A few pages of each kind.</summary>
    internal static IReadOnlyList<(string Name, byte[] Bytes)> Small()
    {
        PhysicalMemoryBuilder memory = new();
        Random random = new(3);
        foreach (ulong start in new[] { 0UL, 0x10_0000UL, 1UL << 32 })
        {
            memory.AddRam(new(start), 0x8000);
            for (ulong at = 0; at < 0x8000; at += 0x2000)
            {
                byte[] page = new byte[PageFrame.Size];
                for (int i = 0; i < page.Length; i++)
                {
                    page[i] = (byte)(at == 0x4000 ? random.Next(256) : random.Next(4) * 17);
                }

                memory.Write(new(start + at), page);
            }
        }

        using TemporaryFile elf = memory.WriteElf(ElfCoreBuilder.NoteBytes("QEMU", 0, [1, .. new byte[439]]),
            ElfCoreBuilder.NoteBytes("VMCOREINFO", 0, "OSRELEASE=6.1.0\nPAGESIZE=4096\n"u8.ToArray()));
        using MemoryImage image = MemoryImage.Open(elf.Path);
        PhysicalMemory read = image.Layouts[0].Memory;
        XenCoreBuilder xen =
            new()
            {
                Frames =
                [.. read.Ranges.Reverse()
                    .SelectMany(range =>
                        Enumerable.Range(0, (int)(range.Length / PageFrame.Size)).Select(i => (range.Start.Value / PageFrame.Size) + (ulong)i))]
            };
        byte[] Page(ulong frame)
        {
            byte[] page = new byte[PageFrame.Size];
            read.Read(new PageFrame(frame).Address, page);
            return page;
        }

        return [("elf", File.ReadAllBytes(elf.Path)), ("xen", xen.AddCpu(image.Cpus[0]).Build(Page)), .. Written(image)];
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Written(MemoryImage image)
    {
        foreach (ImageFormat format in new[] { ImageFormat.Elf, ImageFormat.Lime, ImageFormat.Avml })
        {
            yield return (format.ToString().ToLowerInvariant(), Bytes(image, new(format), piped: false));
        }

        foreach (PageCompression compression in new[] { PageCompression.None, PageCompression.Zlib, PageCompression.Snappy, PageCompression.Zstd })
        {
            yield return ($"kdump-{compression.ToString().ToLowerInvariant()}", Bytes(image, new(ImageFormat.Kdump, compression), piped: false));
        }

        byte[] flat = Bytes(image, new(ImageFormat.Kdump), piped: true);
        yield return ("flattened", flat);
        using MemoryStream gzip = new();
        using (GZipStream packer = new(gzip, CompressionLevel.Fastest, leaveOpen: true))
        {
            packer.Write(flat);
        }

        yield return ("gzip", gzip.ToArray());
    }

    private static byte[] Bytes(MemoryImage image, WriteOptions options, bool piped)
    {
        using TemporaryFile file = TemporaryFile.Nothing();
        if (piped)
        {
            using FileStream stream = File.Create(file.Path);
            ImageWriter.Write(image, image.Layouts[0], stream, options);
        }
        else
        {
            ImageWriter.Write(image, image.Layouts[0], file.Path, options);
        }

        return File.ReadAllBytes(file.Path);
    }
}
