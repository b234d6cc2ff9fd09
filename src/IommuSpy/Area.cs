using IommuSpy.Analysis.Vmas;

namespace IommuSpy;

/// <summary>A run of a process's addresses that is mapped alike: a line of /proc/PID/maps and smaps. Null is a stated absence.</summary>
public sealed record Area
{
    /// <summary>The first virtual address.</summary>
    public required ulong Start { get; init; }

    /// <summary>The virtual address after the last.</summary>
    public required ulong End { get; init; }

    /// <summary>As /proc/PID/maps prints it: "rw-p"; null where nothing describes it.</summary>
    public required string? Rights { get; init; }

    /// <summary>The file's path, or what the kernel calls the area: "[heap]"; null for none.</summary>
    public required string? Path { get; init; }

    /// <summary>Of a mapped file, the byte of it at which the area begins; 0 for others.</summary>
    public required ulong Offset { get; init; }

    /// <summary>Bytes of it in memory.</summary>
    public required ulong ResidentBytes { get; init; }

    /// <summary>Bytes of it on swap devices.</summary>
    public required ulong SwappedBytes { get; init; }

    /// <summary>Bytes of it in memory that pages larger than 4 KiB map.</summary>
    public required ulong HugeBytes { get; init; }

    internal static Area Of(VmaReport report) => new()
    {
        Start = report.Start.Value,
        End = report.End.Value,
        Rights = report.Rights,
        Path = report.Path,
        Offset = report.Offset.Value,
        ResidentBytes = report.ResidentBytes,
        SwappedBytes = report.SwappedBytes,
        HugeBytes = report.HugeBytes,
    };
}
