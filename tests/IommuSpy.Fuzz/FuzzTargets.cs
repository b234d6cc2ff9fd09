using System.Text;
using IommuSpy.Linux;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using IommuSpy.Testing;

namespace IommuSpy.Fuzz;

/// <summary>What can be fuzzed. A new reader of foreign bytes is one line here.</summary>
internal static class FuzzTargets
{
    /// <summary>All of them: a target for each format that is written, one for whole machines, and readers of the kernel's own data.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. Captures.Small().Where(capture => capture.Name != "gzip").DistinctBy(capture => capture.Name)
            .Select(capture => new FuzzTarget(capture.Name, () => [capture.Bytes], ReadImage)),
        new("formats", () => [.. Captures.Small().Where(capture => capture.Name != "gzip").Select(capture => capture.Bytes)], ReadImage),
        new("machine", () => [.. Captures.OfKernel().Where(capture => capture.Name is "raw" or "elf" or "kdump-snappy").Select(capture => capture.Bytes)],
            FindKernel),
        new("vmcoreinfo",
            () => [Encoding.ASCII.GetBytes(
                "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff881fb000\nNUMBER(phys_base)=-16777216\nKERNELOFFSET=5600000\n")], ReadNote),
        new("btf", () => [TypeReaders.BtfSeed()], TypeReaders.ReadBtf),
        new("isf", () => [TypeReaders.IsfSeed()], TypeReaders.ReadIsf),
        new("dmar", () => [TableReaders.DmarSeed()], TableReaders.ReadDmar),
        new("ivrs", () => [TableReaders.IvrsSeed()], TableReaders.ReadIvrs),
        new("page-tables", () => [TableReaders.TablesSeed(0x67), TableReaders.TablesSeed(0xe7)], TableReaders.WalkCpuTables),
        new("device-tables", () => [TableReaders.TablesSeed(1), TableReaders.TablesSeed(3), TableReaders.TablesSeed(0x6000_0000_0000_0603)],
            TableReaders.WalkDeviceTables),
        new("kallsyms", () => [Captures.OfKernel()[0].Bytes[(16 << 20)..(22 << 20)]], ReadKallsyms),
        new("system-record", () => [SystemSeed()], ReadSystem),
    ];

    /// <summary>The one of a name, or null.</summary>
    public static FuzzTarget? Find(string name) => All.FirstOrDefault(target => string.Equals(target.Name, name, StringComparison.Ordinal));

    private static void ReadImage(byte[] bytes)
    {
        using TemporaryFile file = TemporaryFile.With(bytes);
        try
        {
            using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: 0, AllowTruncated: bytes.Length % 2 == 0));
            PhysicalMemory memory = image.Layouts[0].Memory;
            byte[] buffer = new byte[160 << 10];
            foreach (PhysicalRange range in memory.Ranges.Take(200))
            {
                memory.Read(range.Start, buffer.AsSpan(0, (int)Math.Min(range.Length, 4096)));
                memory.Read(range.Last, buffer.AsSpan(0, 1));
                memory.TryRead(range.Start, out _);
            }

            foreach (PhysicalRange data in memory.DataRanges.Take(200))
            {
                memory.ReadSparsely(data.Start, buffer.AsSpan(0, (int)Math.Min(data.Length, (ulong)buffer.Length)));
            }
        }
        catch (MemoryImageException e) when (!e.Message.Contains('\n', StringComparison.Ordinal))
        {
            // Refused in one line.
        }
    }

    private static void FindKernel(byte[] bytes)
    {
        using TemporaryFile file = TemporaryFile.With(bytes);
        try
        {
            using MemoryImage image = MemoryImage.Open(file.Path, new(AllowTruncated: true));
            LinuxKernel.Discover(image);
        }
        catch (Exception e) when (e is MemoryImageException or LinuxDiscoveryException && !e.Message.Contains('\n', StringComparison.Ordinal))
        {
            // Refused in one line.
        }
    }

    private static void ReadNote(byte[] bytes)
    {
        foreach (VmCoreInfoLocation location in VmCoreInfoNote.FindAll(bytes))
        {
            if (VmCoreInfoNote.TryParse(bytes.AsSpan(location.TextOffset, location.TextLength), out VmCoreInfoNote? note))
            {
                note.TryGetSymbol("init_uts_ns", out _);
                note.TryGetNumber("phys_base", out _);
            }
        }
    }

    private static void ReadKallsyms(byte[] bytes)
    {
        if (KallsymsReader.TryRead(bytes, new(0xffff_ffff_8100_0000), out KallsymsTable? table, out _))
        {
            table.Symbols.TryFind("linux_banner", out _);
        }
    }

    private static byte[] SystemSeed()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00001000-0009fbff : System RAM\n00100000-1ffcffff : System RAM\n  0e000000-0f001aef : Kernel code\n")
            .With("sys/firmware/acpi/tables/DMAR", [.. "DMAR"u8, 48, .. new byte[43]])
            .With("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n")
            .With("sys/bus/pci/devices/0000:00:02.0/device", "0x10d3\n")
            .With("sys/bus/pci/devices/0000:00:02.0/config", new byte[256])
            .With("sys/bus/pci/devices/0000:00:02.0/resource", "0x00000000feb80000 0x00000000feb9ffff 0x0000000000040200\n");
        return SystemRecord.Write(machine.Files, new Dictionary<string, string>(), out _);
    }

    private static void ReadSystem(byte[] bytes)
    {
        if (SystemRecord.Read(bytes, "a note") is RecordedFiles files)
        {
            IomemEntry.Memory(IomemEntry.Parse(files.Text("proc/iomem") ?? ""));
            PciInventory.Shown(files);
        }
    }
}
