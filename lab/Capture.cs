using System.Globalization;
using System.Text.Json;
using IommuSpy.Lab.Recording;

namespace IommuSpy.Lab;

/// <summary>A finished capture: a guest's memory in several formats, and what QEMU and the guest said about it.</summary>
public sealed class Capture
{
    /// <summary>QEMU's ELF dump with the virtual addresses that the guest's page tables give, which is taken on demand.</summary>
    public const string PagingDump = "dump.paging.elf";

    /// <summary>QEMU's saved state, as `migrate exec:` writes it, which is taken on demand.</summary>
    public const string SavedState = "state.qemu";

    /// <summary>The images that are taken only when they are asked for.</summary>
    public static readonly IReadOnlyList<string> ImagesOnDemand = [PagingDump, SavedState];

    private const string UseMark = ".used";

    private Capture(string directory, CaptureSpec spec, string inputs, string kernelRelease)
    {
        Directory = directory;
        Spec = spec;
        Inputs = inputs;
        KernelRelease = kernelRelease;
    }

    public string Directory { get; }

    public CaptureSpec Spec { get; }

    /// <summary>As uname -r prints it.</summary>
    public string KernelRelease { get; }

    /// <summary>The guest's memory as QEMU mapped it, sparse; of several blocks, the first.</summary>
    public string RamFile => MemoryFiles[0];

    /// <summary>The guest's memory as QEMU mapped it, a file each block.</summary>
    public IReadOnlyList<string> MemoryFiles => [.. Spec.MemoryFiles.Select(block => Path.Combine(Directory, block.File))];

    /// <summary>QEMU's ELF dump, with a VMCOREINFO note if the machine had the device.</summary>
    public string ElfDump => Path.Combine(Directory, "dump.elf");

    /// <summary>QEMU's compressed kdump, in makedumpfile's flattened form.</summary>
    public string KdumpDump => Path.Combine(Directory, "dump.kdump");

    /// <summary>The guest's user processes, by pid.</summary>
    public IReadOnlyList<GuestProcess> Processes =>
        [.. System.IO.Directory.GetDirectories(GuestOracle("proc"))
            .Select(directory => new GuestProcess(int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), directory))
            .OrderBy(process => process.Pid)];

    /// <summary>What the workload mapped, in its processes.</summary>
    public IReadOnlyList<WorkloadMapping> Workload => [.. File.ReadLines(GuestOracle("workload")).Select(WorkloadMapping.Parse)];

    internal string Inputs { get; }

    internal DateTime LastUsed
    {
        get
        {
            string mark = Path.Combine(Directory, UseMark);
            return File.GetLastWriteTimeUtc(File.Exists(mark) ? mark : Path.Combine(Directory, CaptureRecord.FileName));
        }
    }

    /// <summary>The path of something that QEMU said: registers.txt, tlb.txt, iova-trace.txt, kernel-values.json...</summary>
    public string Oracle(string name) => Path.Combine(Directory, "oracle", name);

    /// <summary>The path of something that the guest said: kallsyms, iomem, kpageflags...</summary>
    public string GuestOracle(string name) => Path.Combine(Directory, "oracle", "guest", name);

    /// <summary>Opens a capture directory; null if it is not a finished capture.</summary>
    public static Capture? TryOpen(string directory)
    {
        string path = Path.Combine(directory, CaptureRecord.FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            CaptureRecord? record = JsonSerializer.Deserialize<CaptureRecord>(File.ReadAllText(path), LabJson.Options);
            return record?.Options is null ? null : new Capture(directory, record.Options.ToSpec(), record.Inputs, record.Kernel.Release);
        }
        catch (JsonException error)
        {
            throw new LabException($"{path} was not written by this lab: {error.Message}", error);
        }
    }

    internal void MarkUsed() => File.WriteAllText(Path.Combine(Directory, UseMark), "");
}
