using IommuSpy.Memory;
using IommuSpy.Memory.Writing;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>A 3.16 whose memory is split at 640 KiB and whose vmalloc space holds 256 MiB of PCI configuration space: the same facts in every format.</summary>
public class SplitMemoryTests
{
    private const ulong MiB = 1UL << 20;
    private const ulong Configuration = 0xb000_0000;

    private static KernelBuilder Made => KernelBuilder.Linux316() with { Ram = [new(new(0), 0xa_0000), new(new(MiB), 511 * MiB)] };

    [Fact]
    public void A_raw_file_tells_of_struct_pages_and_process_tables()
    {
        PhysicalMemoryBuilder memory = new();
        memory.AddRam(new(0), 512 * MiB);
        BuiltKernel kernel = Build(memory);
        using TemporaryFile file = memory.WriteRaw();
        Check(kernel, file);
    }

    [Fact]
    public void So_does_an_ELF_core()
    {
        PhysicalMemoryBuilder memory = Split();
        BuiltKernel kernel = Build(memory);
        using TemporaryFile file = memory.WriteElf();
        Check(kernel, file);
    }

    [Fact]
    public void So_does_a_kdump()
    {
        PhysicalMemoryBuilder memory = Split();
        BuiltKernel kernel = Build(memory);
        using TemporaryFile elf = memory.WriteElf();
        using TemporaryFile kdump = TemporaryFile.With([]);
        using (MemoryImage image = MemoryImage.Open(elf.Path))
        {
            ImageWriter.Write(image, image.Layouts[0], kdump.Path, new(ImageFormat.Kdump));
        }

        Check(kernel, kdump);
    }

    private static PhysicalMemoryBuilder Split()
    {
        PhysicalMemoryBuilder memory = new();
        foreach (PhysicalRange run in Made.Ram)
        {
            memory.AddRam(run.Start, run.Length);
        }

        return memory;
    }

    // ioremap's area lies behind those that every built kernel has, page by page, as kernels before huge vmalloc mappings have it.
    private static BuiltKernel Build(PhysicalMemoryBuilder memory)
    {
        BuiltKernel kernel = Made.Build(memory);
        for (ulong at = 0; at < 256 * MiB; at += PageFrame.Size)
        {
            kernel.Tables.Map4K(new(kernel.Made.Vmalloc + MiB + at), new(Configuration + at),
                KernelBuilder.KernelPage);
        }

        return kernel;
    }

    private static void Check(BuiltKernel kernel, TemporaryFile file)
    {
        using MemoryImage image = MemoryImage.Open(file.Path);
        DiscoveryAssert.Whole(kernel, LinuxKernel.Discover(image));
    }
}
