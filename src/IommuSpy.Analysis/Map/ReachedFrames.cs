using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux.Pages;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Map;

/// <summary>
/// What devices may do with each page frame by their tables: a byte each, of <see cref="Read"/> and <see cref="Write"/>, kept for the sections that have such a
/// frame. Immutable.
/// </summary>
internal sealed class ReachedFrames
{
    /// <summary>A device can read it.</summary>
    public const byte Read = 1;

    /// <summary>A device can write it.</summary>
    public const byte Write = 2;

    private readonly Dictionary<ulong, byte[]> _sections = [];

    private ReachedFrames(bool isEverything) => IsEverything = isEverything;

    /// <summary>Whether a device of those that are asked for reaches all memory, since nothing restricts it.</summary>
    public bool IsEverything { get; }

    /// <summary>Marks what devices reach, in the memory that has struct pages.</summary>
    /// <param name="reach">All devices' tables.</param>
    /// <param name="uses">Which memory there is.</param>
    /// <param name="device">Only what this device reaches; null for all.</param>
    public static ReachedFrames Of(DeviceReach reach, FrameUses uses, MachineDevice? device = null)
    {
        ReachedFrames marked = new(reach.Unrestricted.Any(other => device is null || other == device));
        ulong[] known = [.. uses.Sections.Select(first => first.Number)];
        for (int i = 0; i < reach.Spaces.Count; i++)
        {
            if (device is null || reach.Spaces[i].Users.Any(user => user.Device == device))
            {
                foreach (MappedExtent extent in reach.ExtentsOf(i))
                {
                    marked.Mark(extent, known);
                }
            }
        }

        return marked;
    }

    /// <summary>What devices may do with each of a run of page frames.</summary>
    /// <param name="first">The first page frame.</param>
    /// <param name="rights">What they may do with each.</param>
    public void Fill(ulong first, Span<byte> rights)
    {
        if (IsEverything)
        {
            rights.Fill(Read | Write);
            return;
        }

        for (int done = 0; done < rights.Length;)
        {
            ulong frame = first + (ulong)done;
            int within = (int)(frame % PageSection.Frames);
            int count = Math.Min(rights.Length - done, PageSection.Frames - within);
            if (_sections.TryGetValue(frame - (ulong)within, out byte[]? section))
            {
                section.AsSpan(within, count).CopyTo(rights[done..]);
            }
            else
            {
                rights.Slice(done, count).Clear();
            }

            done += count;
        }
    }

    private void Mark(in MappedExtent extent, ulong[] known)
    {
        byte rights = (byte)(((extent.Rights & AccessRights.Read) != AccessRights.None ? Read : 0)
            | ((extent.Rights & AccessRights.Write) != AccessRights.None ? Write : 0));
        int at = Array.BinarySearch(known, extent.Frame / PageSection.Frames * PageSection.Frames);
        for (at = at < 0 ? ~at : at; at < known.Length && known[at] < extent.EndFrame; at++)
        {
            ulong start = known[at];
            ulong first = Math.Max(start, extent.Frame);
            ulong end = Math.Min(start + PageSection.Frames, extent.EndFrame);
            byte[] section = _sections.TryGetValue(start, out byte[]? kept) ? kept : _sections[start] = new byte[PageSection.Frames];
            foreach (ref byte frame in section.AsSpan((int)(first - start), (int)(end - first)))
            {
                frame |= rights;
            }
        }
    }
}
