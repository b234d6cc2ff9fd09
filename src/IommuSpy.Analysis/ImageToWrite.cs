using System.Text;
using IommuSpy.Linux;
using IommuSpy.Linux.Architecture;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Analysis;

/// <summary>
/// An image that is to be written to a file, and what the kernel in it says that the image alone does not. Without a kernel it is written as it is.
/// </summary>
internal sealed class ImageToWrite
{
    /// <summary>Looks for the kernel.</summary>
    /// <param name="image">The image, which stays the caller's.</param>
    /// <param name="options">What the user says of it.</param>
    /// <exception cref="MemoryImageException">The image has lost a part of the kernel's memory.</exception>
    public ImageToWrite(MemoryImage image, MemoryImageOptions options)
    {
        Image = image;
        try
        {
            Machine = Machine.Over(image, options);
        }
        catch (LinuxDiscoveryException e)
        {
            Absence = e.Message;
        }
    }

    public MemoryImage Image { get; }

    /// <summary>Null where no kernel is found: see <see cref="Absence"/>.</summary>
    public Machine? Machine { get; }

    public string? Absence { get; }

    public MemoryLayout Layout => Machine?.Kernel.Layout ?? Image.Layouts[0];

    /// <summary>Adds where the kernel maps memory, which peers take from an ELF core, and its release.</summary>
    public WriteOptions Complete(WriteOptions options) => Machine is null ? options with { Machine = CpuArchitecture.MachineOf(Image) } : options with
    {
        DirectMap = Machine.Kernel.Facts.PageOffsetBase?.Value,
        KernelImage = new(Machine.Kernel.Text.Start, Machine.Kernel.Text.PhysicalRange),
        Machine = Machine.Kernel.Architecture.Machine,
        Release = Machine.Kernel.Facts.Release.Value,
    };

    /// <summary>Adds VMCOREINFO as it stands in memory to notes that lack it; false where they have it, or memory does not.</summary>
    public bool AddVmCoreInfo(List<ElfNote> notes)
    {
        if (Machine?.Kernel.VmCoreInfo is not { } found || notes.Exists(note => string.Equals(note.Name, "VMCOREINFO", StringComparison.Ordinal)))
        {
            return false;
        }

        notes.Add(new("VMCOREINFO", 0, Encoding.ASCII.GetBytes(found.Text)));
        return true;
    }
}
