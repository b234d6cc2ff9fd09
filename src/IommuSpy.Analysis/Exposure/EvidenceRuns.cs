using IommuSpy.Analysis.Reach;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>
/// Gathers evidence of pages: joins those that follow one another and are the same thing; counts all pieces, and keeps as many as are of use.
/// </summary>
internal sealed class EvidenceRuns
{
    private const int MostKept = 1 << 16;

    private readonly List<ExposureEvidence> _evidence = [];
    private ExposureEvidence? _last;

    /// <summary>The first pieces.</summary>
    public IReadOnlyList<ExposureEvidence> Evidence => _evidence;

    /// <summary>How many pieces there are.</summary>
    public int Pieces { get; private set; }

    /// <summary>Pages that were added.</summary>
    public ulong Pages { get; private set; }

    /// <summary>Adds a page, which may go on where the one before ended.</summary>
    /// <param name="page">The page.</param>
    /// <param name="what">What it is.</param>
    /// <param name="address">Where it is for whoever owns it; null for nobody.</param>
    public void Add(in ExposedPage page, string what, VirtualAddress? address = null)
    {
        if (_last is { Bytes: ulong length } last && last.What == what && last.Rights == DeviceRights.Letters(page.Rights)
            && last.Physical!.Value + length == page.Frame.Address
            && last.Iova!.Value + length == page.Address
            && (last.Virtual is VirtualAddress at ? address is VirtualAddress next && at + length == next : address is null))
        {
            Pages++;
            _last = last with { Bytes = length + PageFrame.Size };
            if (Pieces == _evidence.Count)
            {
                _evidence[^1] = _last;
            }

            return;
        }

        AddPiece(page, what, address);
    }

    /// <summary>Adds a page that is a piece of its own.</summary>
    /// <inheritdoc cref="Add"/>
    public void AddPiece(in ExposedPage page, string what, VirtualAddress? address = null)
    {
        Pages++;
        Pieces++;
        _last = new(what, page.Frame.Address, page.Address, PageFrame.Size, DeviceRights.Letters(page.Rights), address);
        if (_evidence.Count < MostKept)
        {
            _evidence.Add(_last);
        }
    }
}
