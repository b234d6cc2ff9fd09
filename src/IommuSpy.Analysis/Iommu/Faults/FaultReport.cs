using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>An event of a log, and what would become of the same request now. Null is what neither the line nor the machine says.</summary>
public sealed record FaultReport
{
    /// <summary>What happened, in the log's words.</summary>
    public required string Event { get; init; }

    /// <summary>What it is about; null for a status line, and for an event that is not known.</summary>
    public FaultKind? Kind { get; init; }

    /// <summary>"VT-d" or "AMD-Vi": whose line it is.</summary>
    public required string Vendor { get; init; }

    /// <summary>The kernel's name for the unit, by the line.</summary>
    public string? Unit { get; init; }

    /// <summary>Whose request, entry or command it was: "0000:00:1f.2".</summary>
    public string? Device { get; init; }

    /// <summary>With which PASID.</summary>
    public int? Pasid { get; init; }

    /// <summary>Domain ID, by the line.</summary>
    public int? Domain { get; init; }

    /// <summary>The device's driver, now.</summary>
    public string? Driver { get; init; }

    /// <summary>Its vendor and device numbers: "8086:10d3".</summary>
    public string? Ids { get; init; }

    /// <summary>The address that the device asked for.</summary>
    public IoVirtualAddress? Iova { get; init; }

    /// <summary>Where the command or the table is that the event is about.</summary>
    public PhysicalAddress? Physical { get; init; }

    /// <summary>"read" or "write".</summary>
    public string? Access { get; init; }

    /// <summary>Why it was refused, or what failed, by the line.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the same request would be refused now; null where that cannot be told, and where nothing was refused.</summary>
    public bool? RefusedNow { get; init; }

    /// <summary>Whether the question has an answer: false where it cannot be told what would become of the request.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>What that means, in a sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>Of an interrupt, the entry of the remapping table that it names, as it stands now; null where it is not in use, or not known.</summary>
    public InterruptAnswer? Interrupt { get; init; }

    /// <summary>The device's own entry as it stands now, where the event is about that.</summary>
    public FaultEntry? Entry { get; init; }

    /// <summary>The device's own entry as the log shows it.</summary>
    public FaultEntry? EntryThen { get; init; }

    /// <summary>The two quadwords that stand now where the event's command was.</summary>
    public IReadOnlyList<HexValue>? Command { get; init; }

    /// <summary>The walk as the tables stand now; null where there is nothing to walk.</summary>
    public DeviceTranslationReport? Now { get; init; }

    /// <summary>How often the log has the line.</summary>
    public int Count { get; init; } = 1;
}
