using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Running.Confinement;
using IommuSpy.Memory;
using IommuSpy.Memory.Sources.Live;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Analysis.Doctor;

/// <summary>What of the live commands works on this machine, and why the rest does not.</summary>
/// <param name="Release">The running kernel's release.</param>
/// <param name="Lines">A line for each thing that they use.</param>
public sealed record DoctorReport(string Release, IReadOnlyList<DoctorLine> Lines)
{
    private const string Everything = "everything live";
    private const string UseSudo = "use sudo";
    private const string Watch = "watch";
    private const string ReadingImages = "giving up rights before an image is read";
    private static readonly string[] TraceDirectories = ["sys/kernel/tracing", "sys/kernel/debug/tracing"];

    /// <summary>Looks: opens what the commands would open, and reads a few bytes of it.</summary>
    public static DoctorReport Of(RunningFiles files)
    {
        Privileges privileges = Privileges.Of(files);
        return new(
            files.Text("proc/sys/kernel/osrelease") ?? "unknown",
            [
                User(privileges),
                Lockdown(privileges),
                Source(files, RunningMachine.Kcore, "/proc/kcore", "-s kcore, which -s live tries first"),
                Source(files, RunningMachine.Devmem, "/dev/mem", "-s devmem, dev_mem, IOMMU registers"),
                Module(files),
                Iomem(files),
                Symbols(files, privileges),
                Pagemap(files, privileges),
                PageFlags(files, privileges),
                Tracing(files, privileges),
                Mounted(files, privileges, "debugfs", ["sys/kernel/debug"], "mount -t debugfs debugfs /sys/kernel/debug",
                    "the kernel's own view of IOMMUs, which nothing here needs"),
                Types(files),
                Iommu(files),
                Headers(files),
                Confinement(),
            ]);
    }

    private static DoctorLine User(Privileges privileges) => privileges switch
    {
        { IsRoot: true, MayReadMemory: true, SeesPhysical: true } =>
            new("user", DoctorState.Works, "root, with CAP_SYS_RAWIO and CAP_SYS_ADMIN", null, Everything),
        { IsRoot: true } =>
            new("user", DoctorState.Limited, $"root, without {(privileges.MayReadMemory ? "CAP_SYS_ADMIN" : "CAP_SYS_RAWIO")}",
                "run it outside of the container, or give it the capability", Everything),
        { MayReadMemory: true } => new("user", DoctorState.Works, "not root, with CAP_SYS_RAWIO", null, Everything),
        _ => new("user", DoctorState.Missing, "an ordinary user", $"{UseSudo}; va2pa and pagemap work for your own processes, without page frames", Everything),
    };

    private static DoctorLine Lockdown(Privileges privileges) => privileges.Lockdown switch
    {
        "confidentiality" =>
            new("lockdown", DoctorState.Missing, "confidentiality: nobody reads memory",
                "boot with lockdown=none, and Secure Boot off where that is what locks", Everything),
        "integrity" =>
            new("lockdown", DoctorState.Limited, "integrity: /proc/kcore is open, /dev/mem and unsigned modules are not",
                "-s kcore works; for the others boot with lockdown=none", "-s devmem, su-devmem"),
        "none" => new("lockdown", DoctorState.Works, "off", null, Everything),
        _ => new("lockdown", DoctorState.Works, "this kernel has none, or securityfs is not mounted", null, Everything),
    };

    private static DoctorLine Source(RunningFiles files, string source, string path, string serves)
    {
        try
        {
            using MemoryImage image = RunningMachine.Open(source, files)!;
            PhysicalMemory memory = image.Layouts[0].Memory;
            return memory.TryRead(memory.Ranges[^1].Start, out _)
                ? new(path, DoctorState.Works, $"{Size.Text(memory.ByteCount)} of memory in {memory.Ranges.Count} ranges", null, serves)
                : new(path, DoctorState.Limited, "opens, and does not read", null, serves);
        }
        catch (MemoryImageException e)
        {
            // "PATH: what is wrong: what helps".
            string message = e.Message.StartsWith($"{path}: ", StringComparison.Ordinal) ? e.Message[(path.Length + 2)..] : e.Message;
            int colon = message.LastIndexOf(": ", StringComparison.Ordinal);
            return new(path, DoctorState.Missing, colon < 0 ? message : message[..colon], colon < 0 ? null : message[(colon + 2)..], serves);
        }
    }

    private static DoctorLine Module(RunningFiles files) => files.Names("sys/module").Contains("su_devmem", StringComparer.Ordinal)
        ? new("su-devmem", DoctorState.Works, "loaded: /dev/mem is not restricted", null, "-s devmem, dev_mem")
        : new("su-devmem", DoctorState.Limited, "not loaded", "only needed where /dev/mem is restricted: cd su-devmem; make; sudo insmod su-devmem.ko",
            "-s devmem, dev_mem");

    private static DoctorLine Iomem(RunningFiles files) => IomemEntry.Memory(IomemEntry.Parse(files.Text("proc/iomem") ?? "")) is { Count: > 0 } ranges
        ? new("/proc/iomem", DoctorState.Works, $"{ranges.Count} ranges of System RAM", null, "-s devmem; -s kcore before 4.11")
        : new("/proc/iomem", DoctorState.Missing, "shows zeros for addresses: that takes CAP_SYS_ADMIN", UseSudo, "-s devmem; -s kcore before 4.11");

    private static DoctorLine Symbols(RunningFiles files, Privileges privileges)
    {
        const string Serves = "finding the kernel where it has no VMCOREINFO";
        string restriction = files.Text("proc/sys/kernel/kptr_restrict") ?? "?";
        return files.Text("proc/kallsyms") is not { Length: > 0 } text
            ? new("/proc/kallsyms", DoctorState.Missing, "may not be read, or this kernel has none (CONFIG_KALLSYMS)", null, Serves)
            : !text.StartsWith("0000000000000000", StringComparison.Ordinal)
                || text.Split('\n')
                    .Any(line => line.EndsWith(" _text", StringComparison.Ordinal) && !line.StartsWith("0000000000000000", StringComparison.Ordinal))
            ? new("/proc/kallsyms", DoctorState.Works, $"shows addresses (kptr_restrict {restriction})", null, Serves)
            : new("/proc/kallsyms", DoctorState.Limited,
                $"shows zeros for addresses (kptr_restrict {restriction}{(privileges.SeesSymbols ? "" : ", and CAP_SYSLOG is missing")})",
                privileges.IsRoot ? "sysctl kernel.kptr_restrict=1" : UseSudo, Serves);
    }

    private static DoctorLine Pagemap(RunningFiles files, Privileges privileges)
    {
        const string Serves = "va2pa, pagemap, translate --check";
        return files.Read("proc/self/maps") is null || !File.Exists(files.PathOf("proc/self/pagemap"))
            ? new("/proc/PID/pagemap", DoctorState.Missing, "this kernel has none (CONFIG_PROC_PAGE_MONITOR)", null, Serves)
            : privileges.SeesPhysical
            ? new("/proc/PID/pagemap", DoctorState.Works, "shows page frames", null, Serves)
            : new("/proc/PID/pagemap", DoctorState.Limited, "hides page frames: they are shown to CAP_SYS_ADMIN", UseSudo, Serves);
    }

    private static DoctorLine PageFlags(RunningFiles files, Privileges privileges) => (File.Exists(files.PathOf("proc/kpageflags")), privileges.IsRoot) switch
    {
        (false, _) => new("/proc/kpageflags", DoctorState.Missing, "this kernel has none (CONFIG_PROC_PAGE_MONITOR)", null, "pages --live"),
        (true, true) => new("/proc/kpageflags", DoctorState.Works, "is there", null, "pages --live"),
        _ => new("/proc/kpageflags", DoctorState.Missing, "only root may read it", UseSudo, "pages --live"),
    };

    /// <summary>tracefs, as <c>watch</c> needs it: with the IOMMU's events and a clock that is ours (Documentation/trace/ftrace.rst, trace_clock).</summary>
    internal static DoctorLine Tracing(RunningFiles files, Privileges privileges)
    {
        DoctorLine line = Mounted(files, privileges, "tracefs", [.. TraceDirectories.Select(directory => $"{directory}/events/iommu")],
            "mount -t tracefs tracefs /sys/kernel/tracing", Watch);
        string? clocks = TraceDirectories.Select(directory => files.Text($"{directory}/trace_clock")).FirstOrDefault(text => text is not null);
        return line.State != DoctorState.Works || clocks is null || clocks.Split([' ', '[', ']', '\n']).Contains("mono", StringComparer.Ordinal) ? line
            : line with
            {
                State = DoctorState.Limited,
                Detail = $"{line.Detail}, without the clock mono, which came with Linux 3.17: tables are compared instead",
            };
    }

    private static DoctorLine Mounted(RunningFiles files, Privileges privileges, string name, string[] directories, string mount, string serves)
    {
        string? found = directories.FirstOrDefault(directory => files.Names(directory).Count > 0);
        return found is not null
            ? new(name, DoctorState.Works, $"/{found}", null, serves)
            : new(name, DoctorState.Missing, privileges.IsRoot ? "not mounted, or without these events" : "cannot be looked into by this user",
                privileges.IsRoot ? mount : UseSudo, serves);
    }

    private static DoctorLine Types(RunningFiles files) => File.Exists(files.PathOf("sys/kernel/btf/vmlinux"))
        ? new("types", DoctorState.Works, "the kernel carries BTF", null, "ps, devices and whatever reads kernel structures")
        : new("types", DoctorState.Limited, "the kernel carries no BTF: types are inferred from the data",
            "--types FILE with the kernel's BTF, vmlinux or Volatility file", "ps, devices and whatever reads kernel structures");

    /// <summary>Whether the kernel uses IOMMUs. /sys/class/iommu came with Linux 3.17; groups are there since 3.6.</summary>
    internal static DoctorLine Iommu(RunningFiles files)
    {
        const string Serves = "devices, reach, exposure";
        IReadOnlyList<string> units = files.Names("sys/class/iommu");
        int groups = files.Names("sys/kernel/iommu_groups").Count;
        IReadOnlyList<string> tables = [.. files.Names("sys/firmware/acpi/tables").Where(name => name is "DMAR" or "IVRS")];
        string counted = Amount.Of((ulong)groups, "group");
        return units.Count > 0 ? new("IOMMU", DoctorState.Works, $"{string.Join(", ", units)}; {counted}", null, Serves)
            : groups > 0 ? new("IOMMU", DoctorState.Works, $"{counted}; this kernel does not name its units", null, Serves)
            : tables.Count > 0
            ? new("IOMMU", DoctorState.Limited, $"firmware describes one ({tables[0]}), and the kernel does not use it",
                tables[0] == "DMAR" ? "boot with intel_iommu=on" : "boot with amd_iommu=on", Serves)
            : new("IOMMU", DoctorState.Missing, "firmware describes none", "switch VT-d or AMD-Vi on in the firmware's setup, where the machine has one",
                Serves);
    }

    private static DoctorLine Confinement() => Sandbox.Available switch
    {
        "" => new("sandbox", DoctorState.Missing, "this kernel confines nobody", "boot a kernel with Landlock and seccomp", ReadingImages),
        string available => new("sandbox", DoctorState.Works, available, null, ReadingImages),
    };

    private static DoctorLine Headers(RunningFiles files)
    {
        string release = files.Text("proc/sys/kernel/osrelease") ?? "";
        return Directory.Exists(files.PathOf($"lib/modules/{release}/build"))
            ? new("module headers", DoctorState.Works, $"/lib/modules/{release}/build", null, "building su-devmem")
            : new("module headers", DoctorState.Missing, $"there is no /lib/modules/{release}/build", $"install linux-headers-{release}", "building su-devmem");
    }
}
