using IommuSpy.Memory.Blocks;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>The pages of a kdump, by page frame number, out of the part that holds each.</summary>
internal sealed class KdumpStore : BlockStore
{
    private readonly KdumpPart[] _parts;
    private readonly bool _excludedAreZero;

    /// <summary>The pages of a dump.</summary>
    /// <param name="parts">Its parts, by the pages that they begin with.</param>
    /// <param name="excludedAreZero">Whether zero pages are all that was left out of it, so that what is left out is known.</param>
    internal KdumpStore(KdumpPart[] parts, bool excludedAreZero)
    {
        _parts = parts;
        _excludedAreZero = excludedAreZero;
    }

    /// <inheritdoc/>
    public override int BlockShift => _parts[0].Header.PageShift;

    /// <inheritdoc/>
    public override bool Holds(ulong block) => PartOf(block) is KdumpPart part && (part.Holds(block) || (_excludedAreZero && !part.Dumped[block]));

    /// <inheritdoc/>
    public override bool Excludes(ulong block) => !_excludedAreZero && PartOf(block) is KdumpPart part && !part.Dumped[block];

    /// <inheritdoc/>
    public override BlockContent Decode(ulong block, Span<byte> destination)
    {
        KdumpPart? part = PartOf(block);
        if (part is null)
        {
            return BlockContent.Missing;
        }

        BlockContent content = part.Decode(block, destination);
        if (content == BlockContent.Missing && _excludedAreZero && !part.Dumped[block])
        {
            destination.Clear();
            return BlockContent.Zero;
        }

        return content;
    }

    private KdumpPart? PartOf(ulong page)
    {
        foreach (KdumpPart part in _parts)
        {
            if (page >= part.Header.StartPage && page < part.Header.EndPage)
            {
                return part;
            }
        }

        return null;
    }
}
