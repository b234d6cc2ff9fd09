using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>Refuses a capture whose oracles are not what tests rely on: a test that compares with an empty file proves nothing.</summary>
internal sealed partial class CaptureCheck(string directory, CaptureSpec spec, GuestKernel kernel)
{
    private const int PageSize = 4096;
    private const ulong Cr4La57 = 1UL << 12;
    private const ulong SwappedBit = 1UL << 62;

    private static readonly string[] GuestFiles =
    [
        "kallsyms", "iomem", "modules", "vmallocinfo", "meminfo", "buddyinfo", "slabinfo", "cmdline", "version", "dmesg", "zoneinfo", "swaps", "mounts",
        "interrupts", "kpageflags", "kpagecount", "pci", "workload", "config", "processes", "threads",
        "pci-details",
    ];

    // /sys/kernel/irq came with it.
    private static readonly Version DescribesInterrupts = new(4, 9);

    private static readonly string[] MonitorFiles = ["registers.txt", "mtree.txt", "pci.txt", "kernel-values.json", "serial.log"];

    // Of guests whose tables QEMU does not print: what it answers for addresses, and the registers by which it does.
    public const string TranslationsName = "translations.txt";
    public const string SystemRegistersName = "system-registers.json";

    // What each virtual machine of lab/guest/machines.sh prints last.
    private const string MachineReady = "lab: machine ready";
    private const int Machines = 3;

    // The mappings that every kernel and CPU here offers.
    private static readonly string[] Mappings =
    [
        "anonymous", "hugetlb-2m", "memfd-shared", "posix-shared", "sysv-shared", "file-shared", "file-private", "block-device", "prot-none", "read-only",
        "executable", "zero-page", "untouched", "locked", "swapped", "copy-on-write", "child-only",
    ];

    private string[] PagingFiles => spec.Architecture == GuestArchitecture.X64 ? ["tlb.txt"] : [TranslationsName, SystemRegistersName];

    public void Run()
    {
        string oracle = Path.Combine(directory, "oracle");
        string[] irqs = Version.Parse(kernel.Release.Split('-', '+')[0]) >= DescribesInterrupts ? ["irqs"] : [];
        foreach (string file in MonitorFiles.Concat(PagingFiles).Concat(GuestFiles.Concat(irqs).Select(name => "guest/" + name)))
        {
            Require(File.Exists(Path.Combine(oracle, file)) && new FileInfo(Path.Combine(oracle, file)).Length > 0, $"oracle/{file} is missing or empty");
        }

        if (spec.Architecture == GuestArchitecture.X64)
        {
            CheckPaging(Path.Combine(oracle, "registers.txt"));
        }

        CheckSymbols(spec.Architecture.FewestSymbols, Path.Combine(oracle, "guest/kallsyms"));
        CheckProcesses(Path.Combine(oracle, "guest"));
        if (spec.Iommu != IommuModel.None)
        {
            Require(new FileInfo(Path.Combine(oracle, "iova-trace.txt")) is { Exists: true, Length: > 0 }, "the IOMMU translated nothing: no DMA was traced");
        }

        Require(!kernel.HasHeaders || new FileInfo(Path.Combine(oracle, "guest/iommu-domains")) is { Exists: true, Length: > 0 },
            "the kernel was not asked for its IOMMU domains");
        Require(!spec.UserMapping || new FileInfo(Path.Combine(oracle, "guest/user-mappings")) is { Exists: true, Length: > 0 },
            "no process gave memory to a device");
        Require(!spec.VirtualMachines || File.ReadLines(Path.Combine(oracle, "serial.log")).Count(line => line.Trim() == MachineReady) == Machines,
            "not every virtual machine was made");
        foreach ((string file, MemorySize size) in spec.MemoryFiles)
        {
            Require(new FileInfo(Path.Combine(directory, file)).Length == size.Bytes, $"{file} is not as long as the guest's memory in it");
        }

        foreach (string image in spec.MoreImages)
        {
            Require(new FileInfo(Path.Combine(directory, image)) is { Exists: true, Length: > 0 }, $"{image} was not taken");
        }

        Require(new FileInfo(Path.Combine(directory, "dump.elf")).Length > spec.Memory.Bytes, "dump.elf is shorter than the guest's memory");
    }

    private void CheckPaging(string registers)
    {
        Match match = Cr4().Match(File.ReadAllText(registers));
        bool fiveLevels = match.Success && (ulong.Parse(match.Groups["value"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Cr4La57) != 0;
        Require(match.Success && fiveLevels == (spec.PagingLevels == 5), $"the guest does not run with {spec.PagingLevels}-level paging");
    }

    private static void CheckSymbols(int fewest, string path)
    {
        int count = 0;
        int unknown = 0;
        foreach (string line in File.ReadLines(path))
        {
            count++;

            // Per-CPU symbols have small addresses, and one of them is 0.
            unknown += line.StartsWith("0000000000000000 ", StringComparison.Ordinal) ? 1 : 0;
        }

        Require(count > fewest && unknown < count / 100, $"kallsyms has {count} symbols, {unknown} of them without an address");
    }

    private static void CheckProcesses(string guest)
    {
        WorkloadMapping[] workload = [.. File.ReadLines(Path.Combine(guest, "workload")).Select(WorkloadMapping.Parse)];
        string[] missing = [.. Mappings.Except(workload.Select(mapping => mapping.Name), StringComparer.Ordinal)];
        Require(missing.Length == 0, $"the workload did not map {string.Join(", ", missing)}");
        WorkloadMapping swapped = workload.First(mapping => mapping.Name == "swapped");
        int swappedPages = 0;
        foreach (string process in Directory.GetDirectories(Path.Combine(guest, "proc")))
        {
            int pid = int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture);
            var captured = new GuestProcess(pid, process);
            long pages = captured.Mappings().Where(mapping => !mapping.IsVsyscall).Sum(mapping => (long)(mapping.End - mapping.Start) / PageSize);
            Require(new FileInfo(captured.File("pagemap")).Length == pages * sizeof(ulong), $"pagemap of process {pid} does not fit its maps");
            if (pid == swapped.Pid)
            {
                swappedPages = captured.Pagemap().Count(page => page.Address - swapped.Start < swapped.Length && (page.Entry & SwappedBit) != 0);
            }
        }

        Require(swappedPages > 0, "no page of the workload was swapped out");
    }

    [GeneratedRegex("CR4=(?<value>[0-9a-f]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Cr4();

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new LabException($"the capture is not usable: {complaint}");
        }
    }
}
