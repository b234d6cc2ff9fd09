using IommuSpy.Translation;

namespace IommuSpy.Explorer.Server;

/// <summary>A stretch of addresses in which something is mapped.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">The address after the last.</param>
/// <param name="Bytes">How much of it is mapped.</param>
/// <param name="Runs">Of how many runs it is joined.</param>
/// <param name="Rights">What any of them allows.</param>
internal readonly record struct Stretch(ulong Start, ulong End, ulong Bytes, long Runs, AccessRights Rights)
{
    /// <summary>Both, and what is between them.</summary>
    public Stretch And(in Stretch next) => new(Start, next.End, Bytes + next.Bytes, Runs + next.Runs, Rights | next.Rights);
}

/// <summary>
/// Mapped addresses as no more stretches than can be drawn: where there are too many, those with the smallest gaps between them are joined. However many there
/// are, no more than twice as many are kept.
/// </summary>
/// <param name="most">How many can be drawn.</param>
internal sealed class Stretches(int most)
{
    private readonly List<Stretch> _all = [];

    /// <summary>Adds what is mapped, in the order of addresses.</summary>
    public void Add(ulong start, ulong bytes, AccessRights rights)
    {
        Stretch next = new(start, start + bytes, bytes, 1, rights);
        if (_all.Count > 0 && _all[^1].End == start && _all[^1].Rights == rights)
        {
            _all[^1] = _all[^1].And(next);
            return;
        }

        _all.Add(next);
        if (_all.Count == 2 * most)
        {
            Join();
        }
    }

    /// <summary>The stretches.</summary>
    public IReadOnlyList<Stretch> All()
    {
        if (_all.Count > most)
        {
            Join();
        }

        return _all;
    }

    private void Join()
    {
        ulong[] gaps = [.. _all.Skip(1).Zip(_all, (next, one) => next.Start - one.End).Order()];
        int left = _all.Count - most;
        ulong largest = gaps[left - 1];
        int ofLargest = left - Array.FindIndex(gaps, gap => gap == largest);
        int kept = 0;
        for (int i = 1; i < _all.Count; i++)
        {
            ulong gap = _all[i].Start - _all[kept].End;
            if (gap < largest || (gap == largest && ofLargest-- > 0))
            {
                _all[kept] = _all[kept].And(_all[i]);
            }
            else
            {
                _all[++kept] = _all[i];
            }
        }

        _all.RemoveRange(kept + 1, _all.Count - kept - 1);
    }
}
