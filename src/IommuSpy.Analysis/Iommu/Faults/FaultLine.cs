using System.Globalization;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>What a line of a kernel's or of Xen's log says of an IOMMU's event. Null is what the line does not say.</summary>
public sealed record FaultLine
{
    /// <summary>Whose IOMMU reports it.</summary>
    public required IommuKind Vendor { get; init; }

    /// <summary>What it is about; null for a status line, and for an event that is not known.</summary>
    public FaultKind? Kind { get; init; }

    /// <summary>What happened, in the log's words: "DMA Write", "INTR-REMAP", "IO_PAGE_FAULT".</summary>
    public required string Event { get; init; }

    /// <summary>The kernel's name for the unit: "ivhd0".</summary>
    public string? Unit { get; init; }

    /// <summary>Whose request it was, or whose entry or command.</summary>
    public RequesterId? Device { get; init; }

    /// <summary>With which PASID; null for none.</summary>
    public int? Pasid { get; init; }

    /// <summary>The address that the device asked for.</summary>
    public IoVirtualAddress? Address { get; init; }

    /// <summary>Where the command or the table is that the event is about.</summary>
    public PhysicalAddress? Physical { get; init; }

    /// <summary>Whether it was a write.</summary>
    public bool? IsWrite { get; init; }

    /// <summary>VT-d's fault reason or status, or AMD-Vi's flags.</summary>
    public int? ReasonNumber { get; init; }

    /// <summary>The reason, in the log's words or by the flags.</summary>
    public string? Reason { get; init; }

    /// <summary>Domain ID; of Xen, the number of the domain.</summary>
    public int? Domain { get; init; }

    /// <summary>Which entry of the interrupt remapping table the request named (VT-d).</summary>
    public int? InterruptIndex { get; init; }

    /// <summary>What in the line is masked, and so not read: "address fdxxxxxx". Null where nothing is.</summary>
    public string? Masked { get; init; }

    /// <summary>The device table entry that the log shows below the event, as it was then (AMD-Vi); empty where it shows none.</summary>
    public IReadOnlyList<ulong> EntryThen { get; init; } = [];

    /// <summary>The event's record as the log shows it (SMMUv3): four words; fewer where lines are missing.</summary>
    internal IReadOnlyList<ulong> Record { get; init; } = [];

    /// <summary>Equal for lines that say the same, whatever stood before and after.</summary>
    internal string Key => string.Create(
        CultureInfo.InvariantCulture,
        $"{Vendor} {Event} {Unit} {Device} {Pasid} {Address} {Physical} {IsWrite} {ReasonNumber} {Domain} {InterruptIndex} {Masked}");

    /// <summary>Reads what was given as one event: a line, or the two lines that some releases print for one.</summary>
    /// <param name="text">The lines; time stamps and all else around them do not matter.</param>
    /// <returns>Null where it is no event, or more than one.</returns>
    public static FaultLine? Parse(string text)
    {
        IReadOnlyList<FaultLine> found = ParseAll(text);
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>Reads every event in a text of few lines.</summary>
    public static IReadOnlyList<FaultLine> ParseAll(string text)
    {
        List<FaultLine> found = Read(text.Split('\n'));

        // A terminal or a mail program may have broken the line where the kernel did not: one line again says more, or as much.
        return found.Count <= 1 && text.Contains('\n') && Read([text.Replace('\n', ' ')]) is [FaultLine joined]
            && (found.Count == 0 || (found[0].Address is null && joined.Address is not null))
                ? [joined]
                : found;
    }

    private static List<FaultLine> Read(IEnumerable<string> lines)
    {
        FaultLog log = new();
        List<FaultLine> found = [];
        foreach (string line in lines)
        {
            if (log.Add(line) is FaultLine complete)
            {
                found.Add(complete);
            }
        }

        if (log.End() is FaultLine last)
        {
            found.Add(last);
        }

        return found;
    }
}
