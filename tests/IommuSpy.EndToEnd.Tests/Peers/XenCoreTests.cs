using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Testing;

namespace IommuSpy.EndToEnd.Tests.Peers;

/// <summary>
/// A guest's memory in the form that Xen gives it, out of order: no Xen runs under emulation, so the file is built to its documented layout, and libkdumpfile,
/// which knows it too, has to read the same pages.
/// </summary>
public sealed class XenCoreTests : IDisposable
{
    private static readonly string Guest = Guests.All.First(guest => guest.Vmcoreinfo && guest.Memory.Bytes < 1L << 30).Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Libkdumpfile_reads_the_same_pages_and_we_find_the_same_tables()
    {
        string core = Path.Combine(_directory.FullName, "xen.core");
        string dump = Guests.Capture(Guest).ElfDump;
        ulong bytes = (ulong)new FileInfo(Guests.Capture(Guest).RamFile).Length;
        Write(dump, core, bytes);
        string hashes = Path.Combine(_directory.FullName, "hashes");
        HostTool.Run("sh", "-c", $"{PageHashes.BuildReader(_directory.FullName)} {core} {bytes} > {hashes}");
        ulong[] theirs = MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes(hashes)).ToArray();
        Assert.Equal(PageHashes.Of(core, bytes), theirs);
        Assert.Equal(PageHashes.Of(dump, bytes), theirs);

        string[] expected = Cli.Run("roots", "-s", dump).Lines;
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Cli.Run("roots", "-s", core).Lines);
    }

    // The upper half of memory first, as a core may have it.
    private static void Write(string dump, string core, ulong bytes)
    {
        using MemoryImage image = MemoryImage.Open(dump);
        PhysicalMemory memory = image.Layouts[0].Memory;
        int pages = (int)(bytes >> PageFrame.Shift);
        IEnumerable<int> order = Enumerable.Range(pages / 2, pages - (pages / 2)).Concat(Enumerable.Range(0, pages / 2));
        XenCoreBuilder builder = new() { Frames = [.. order.Select(page => (ulong)page).Where(frame => memory.Contains(new PageFrame(frame).Address))] };
        foreach (CpuState cpu in image.Cpus)
        {
            builder.AddCpu(cpu);
        }

        byte[] content = new byte[PageFrame.Size];
        using FileStream stream = File.Create(core);
        builder.Write(stream, frame =>
        {
            memory.Read(new PageFrame(frame).Address, content);
            return content;
        });
    }
}
