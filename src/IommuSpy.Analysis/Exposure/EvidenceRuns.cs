using IommuSpy.Analysis.Reach;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>Joins pages that follow one another and are the same thing into one piece of evidence.</summary>
internal sealed class EvidenceRuns
{
    private readonly List<ExposureEvidence> _evidence = [];

    /// <summary>The pieces.</summary>
    public IReadOnlyList<ExposureEvidence> Evidence => _evidence;

    /// <summary>Pages that were added.</summary>
    public ulong Pages { get; private set; }

    /// <summary>Adds a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="what">What it is.</param>
    /// <param name="address">Where it is for whoever owns it; null for nobody.</param>
    public void Add(ExposedPage page, string what, VirtualAddress? address = null)
    {
        Pages++;
        string rights = DeviceRights.Letters(page.Rights);
        if (_evidence.Count > 0 && _evidence[^1] is { Bytes: ulong length } last && last.What == what && last.Rights == rights
            && last.Physical!.Value + length == page.Frame.Address
            && last.Iova!.Value + length == page.Address
            && (last.Virtual is VirtualAddress at ? address is VirtualAddress next && at + length == next : address is null))
        {
            _evidence[^1] = last with { Bytes = length + PageFrame.Size };
            return;
        }

        _evidence.Add(new(what, page.Frame.Address, page.Address, PageFrame.Size, rights, address));
    }
}
