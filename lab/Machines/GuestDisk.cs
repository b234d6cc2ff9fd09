using System.Text;
using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Machines;

/// <summary>A disk of the guest: a sparse file that starts with a label by which the guest knows it.</summary>
/// <param name="Label">As init.sh asks for it.</param>
/// <param name="IsNvme">On an NVMe controller of its own rather than an AHCI port.</param>
internal sealed record GuestDisk(string Label, MemorySize Size, bool IsNvme, bool HasFileSystem = false)
{
    /// <summary>The disks of a machine whose kernel has the AHCI driver, or has not (Debian's cloud kernels).</summary>
    /// <param name="hasAhci">Whether it has.</param>
    /// <param name="isSaved">Whether QEMU saves the machine's state, which it cannot do of an NVMe controller.</param>
    /// <remarks>
    /// AHCI carries only light traffic: before 8.1, QEMU's races with a busy guest, which then waits 30 seconds for a lost completion or,
    /// without command queueing, ends QEMU with an assertion in ide_dma_cb.
    /// </remarks>
    public static IReadOnlyList<GuestDisk> For(bool hasAhci, bool isSaved) =>
    [
        new("data", MemorySize.Mebibytes(32), IsNvme: !hasAhci),
        new("swap", MemorySize.Mebibytes(32), IsNvme: !isSaved),
        // Room for the page flags of large guests: 16 bytes a page.
        new("oracle", MemorySize.Gibibytes(2), IsNvme: !isSaved),
        new("files", MemorySize.Mebibytes(64), IsNvme: !isSaved, HasFileSystem: true),
    ];

    public string PathIn(string directory) => Path.Combine(directory, Label + ".disk");

    /// <summary>Makes the file; the first kilobyte belongs to no file system and no swap header.</summary>
    public void Create(string directory, CancellationToken cancellation)
    {
        string path = PathIn(directory);
        using (FileStream file = File.Create(path))
        {
            file.SetLength(Size.Bytes);
        }

        if (HasFileSystem)
        {
            HostCommand.Run(HostTools.PathOf("mkfs.ext4"), ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", path], cancellation);
        }

        using FileStream labelled = File.OpenWrite(path);
        labelled.Write(Encoding.ASCII.GetBytes($"iommu-spy lab: {Label}\n"));
    }
}
