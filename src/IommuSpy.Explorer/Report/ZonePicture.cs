using IommuSpy.Analysis;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Map;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>A stretch of physical memory as cells of the same size, in rows that begin at a multiple of a row's bytes.</summary>
/// <param name="Name">Which zone it is: "node 0, zone DMA32".</param>
/// <param name="First">Its first page frame.</param>
/// <param name="End">The page frame after its last.</param>
/// <param name="CellFrames">Page frames of a cell: a power of two.</param>
/// <param name="Rows">The rows that have memory.</param>
internal sealed record ZonePicture(string Name, PageFrame First, PageFrame End, ulong CellFrames, IReadOnlyList<ZoneRow> Rows)
{
    /// <summary>Cells of a row.</summary>
    public const int Columns = 128;

    private const ulong MostCells = 4096;

    // A machine has a node a socket, and five zones in each at the most; an image may claim thousands.
    private const int MostZones = 64;
    private const int CopyFrames = 1 << 15;

    /// <summary>Bytes of a cell.</summary>
    public ulong CellBytes => CellFrames << PageFrame.Shift;

    /// <summary>A picture of each zone of a machine, or of all memory where its zones are not known; none where nothing describes its pages.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="tell">Told what is not drawn.</param>
    public static IReadOnlyList<ZonePicture> Of(Machine machine, Action<string> tell)
    {
        if (machine.PageKinds.Value is null || machine.Parts.Pages.Value is null)
        {
            return [];
        }

        FrameUses uses = new(machine);
        ReachedFrames reached = ReachedFrames.Of(machine.DeviceReach, uses);
        ulong all = (ulong)uses.Sections.Count * Linux.Pages.PageSection.Frames;
        ulong cell = 1;
        while (all / cell > MostCells)
        {
            cell *= 2;
        }

        MemoryZone[] zones = [.. (machine.Parts.Zones.Value?.Zones ?? []).Where(zone => zone.Spanned > 0 && zone.Start.Number < uses.End)
            .DistinctBy(zone => (zone.Start, zone.Spanned))];
        if (zones.Length > MostZones)
        {
            tell($"{zones.Length - MostZones} of {zones.Length} zones of memory are not drawn");
            zones = zones[..MostZones];
        }

        return zones.Length == 0
            ? [Of("all memory", new(0), new(uses.End), cell, uses, reached)]
            : [.. zones.Select(zone => Of($"node {zone.Node}, zone {zone.Name}", zone.Start, new(Math.Min(zone.Start.Number + zone.Spanned, uses.End)), cell,
                uses, reached))];
    }

    private static ZonePicture Of(string name, PageFrame first, PageFrame end, ulong cell, FrameUses uses, ReachedFrames reached)
    {
        ulong rowFrames = cell * Columns;
        List<ZoneRow> rows = [];
        foreach (ulong start in uses.Sections.SelectMany(section => RowsOf(section.Number, rowFrames)).Distinct())
        {
            if (start + rowFrames <= first.Number || start >= end.Number)
            {
                continue;
            }

            ZoneCell[] cells = new ZoneCell[Columns];
            for (int i = 0; i < Columns; i++)
            {
                ulong from = Math.Max(start + ((ulong)i * cell), first.Number);
                ulong to = Math.Min(start + ((ulong)(i + 1) * cell), end.Number);
                cells[i] = from < to ? CellOf(from, to, uses, reached) : new(null, 0);
            }

            if (cells.Any(one => one.Use is not null))
            {
                rows.Add(new(new PageFrame(start).Address, cells));
            }
        }

        return new(name, first, end, cell, rows);
    }

    // A row may be longer than a section, or a part of one.
    private static IEnumerable<ulong> RowsOf(ulong section, ulong rowFrames)
    {
        for (ulong start = section / rowFrames * rowFrames; start < section + Linux.Pages.PageSection.Frames; start += rowFrames)
        {
            yield return start;
        }
    }

    // What most of its pages are used for; memory before what is out of use, and that before holes.
    private static ZoneCell CellOf(ulong from, ulong to, FrameUses uses, ReachedFrames reached)
    {
        Span<int> counts = stackalloc int[Enum.GetValues<UseGroup>().Length];
        counts.Clear();
        byte[] kinds = new byte[Math.Min(to - from, CopyFrames)];
        byte[] rights = new byte[kinds.Length];
        byte any = 0;
        bool isThere = false;
        for (ulong at = from; at < to; at += (ulong)kinds.Length)
        {
            Span<byte> part = kinds.AsSpan(0, (int)Math.Min((ulong)kinds.Length, to - at));
            uses.Fill(at, part);
            reached.Fill(at, rights.AsSpan(0, part.Length));
            for (int i = 0; i < part.Length; i++)
            {
                if ((PageKind)part[i] != PageKind.None)
                {
                    isThere = true;
                    counts[(int)UseGroups.Of((PageKind)part[i])]++;
                    any |= rights[i];
                }
            }
        }

        if (!isThere)
        {
            return new(null, 0);
        }

        int most = 0;
        for (int group = 1; group < counts.Length; group++)
        {
            most = counts[group] > counts[most] || counts[most] == 0 ? group : most;
        }

        return new((UseGroup)most, any);
    }
}

/// <summary>A row of a <see cref="ZonePicture"/>.</summary>
/// <param name="Start">Where its first cell is.</param>
/// <param name="Cells">Its cells, <see cref="ZonePicture.Columns"/> of them.</param>
internal sealed record ZoneRow(PhysicalAddress Start, IReadOnlyList<ZoneCell> Cells);

/// <summary>A cell: what most of its pages are used for; null where it has no page, or lies outside of the zone.</summary>
/// <param name="Use">What for.</param>
/// <param name="Reached">What devices may do with any of its pages: bits of <see cref="ReachedFrames"/>.</param>
internal readonly record struct ZoneCell(UseGroup? Use, byte Reached);
