using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Gathers the leaves of a space as extents.</summary>
internal struct ExtentCollector(X64AddressSpace space, int number, List<MappedExtent> extents) : ILeafVisitor
{
    // A space that scatters more runs than this is no sane machine's: 48 bytes each.
    private const int MaxExtents = 1 << 24;

    private MappedExtent? _current;

    /// <summary>Whether there were more runs than are kept.</summary>
    public bool LimitReached { get; private set; }

    public void Leaf(ulong address, int level, ulong entry, ulong grants)
    {
        byte shift = (byte)(3 + (9 * level));
        ulong frame = (X64Format.Target(entry) & ~((1UL << shift) - 1)) >> 12;
        AccessRights rights = X64Format.Rights(grants);
        ulong from = space.SignExtend(address);
        if (_current is MappedExtent run && run.With(frame, from, shift, rights) is MappedExtent longer)
        {
            _current = longer;
            return;
        }

        Finish();
        _current = new(frame, 1UL << (shift - 12), from, 1, number, shift, rights, false);
    }

    /// <summary>Keeps the last run.</summary>
    public void Finish()
    {
        if (_current is MappedExtent run && extents.Count < MaxExtents)
        {
            extents.Add(run);
        }
        else
        {
            LimitReached |= _current is not null;
        }

        _current = null;
    }
}
