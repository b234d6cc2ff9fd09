using System.Buffers;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Map;
using IommuSpy.Catalogue;
using IommuSpy.Linux.Pages;

namespace IommuSpy.Explorer.Server;

/// <summary>Physical memory as tiles: for each cell of a tile what most of it is used for, and what devices may do with any of it.</summary>
internal sealed class MemoryMap(Machine machine)
{
    private const int MostCells = 1 << 16;
    private const int MostShift = 36;
    private const int CopyFrames = 1 << 12;

    private readonly Lazy<FrameUses> _uses = new(() => new(machine));
    private readonly Lock _gate = new();
    private Lazy<ReachedFrames>? _ofAll;
    private (MachineDevice Device, Lazy<ReachedFrames> Frames)? _ofOne;

    private FrameUses Uses => _uses.Value;

    /// <summary>Writes what there is to draw: how far memory goes, its uses and their groups, and the devices.</summary>
    public void Describe(Utf8JsonWriter writer)
    {
        writer.WriteNumber("frames"u8, Uses.End);
        writer.WriteStartArray("kinds"u8);
        foreach (PageKind kind in Enum.GetValues<PageKind>())
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, Words<PageKind>.Of(kind));
            writer.WriteString("words"u8, kind.Words());
            writer.WriteString("group"u8, UseGroups.Of(kind).Class());
            writer.WriteString("groupWords"u8, UseGroups.Of(kind).Words());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("devices"u8);
        foreach (MachineDevice device in machine.Devices.Devices)
        {
            writer.WriteStartObject();
            writer.WriteString("device"u8, device.Address.ToString());
            writer.WriteString("driver"u8, device.Function?.Driver);
            writer.WriteBoolean("everything"u8, device.Access.IsUnrestricted());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>
    /// Writes a tile: from page frame `first`, `cells` cells of 2^`shift` page frames each, a byte for each cell's use and then a byte for each cell's rights
    /// of `device`, or of all devices.
    /// </summary>
    /// <exception cref="QuestionException">A parameter makes no sense.</exception>
    public void Tile(Parameters parameters, ArrayBufferWriter<byte> body, CancellationToken cancel)
    {
        ulong first = (ulong)parameters.Number("first", 0, 0, 1L << 52);
        int shift = (int)parameters.Number("shift", 0, 0, MostShift);
        int cells = (int)parameters.Number("cells", MostCells, 1, MostCells);
        ReachedFrames reached = Reached(parameters.Find("device"));
        Span<byte> kinds = body.GetSpan(2 * cells)[..(2 * cells)];
        Span<byte> rights = kinds[cells..];
        kinds.Clear();
        if (shift == 0)
        {
            Uses.Fill(first, kinds[..cells]);
            reached.Fill(first, rights);
            ClearHoles(kinds[..cells], rights);
        }
        else
        {
            ulong end = Math.Min(Uses.End, first + ((ulong)cells << shift));
            for (int cell = 0; cell < cells && first + ((ulong)cell << shift) < end; cell++)
            {
                cancel.ThrowIfCancellationRequested();
                (kinds[cell], rights[cell]) = Cell(first + ((ulong)cell << shift), Math.Min(end, first + ((ulong)(cell + 1) << shift)), reached);
            }
        }

        body.Advance(2 * cells);
    }

    // Of sections that have no struct pages, nothing is asked.
    private (byte Kind, byte Rights) Cell(ulong from, ulong to, ReachedFrames reached)
    {
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        Span<byte> kinds = stackalloc byte[CopyFrames];
        Span<byte> rights = stackalloc byte[CopyFrames];
        byte any = 0;
        for (ulong at = from; at < to;)
        {
            if (!Uses.Has(at))
            {
                at = ((at / PageSection.Frames) + 1) * PageSection.Frames;
                continue;
            }

            int length = (int)Math.Min((ulong)CopyFrames, to - at);
            Uses.Fill(at, kinds[..length]);
            reached.Fill(at, rights[..length]);
            ClearHoles(kinds[..length], rights[..length]);
            for (int i = 0; i < length; i++)
            {
                counts[kinds[i]]++;
                any |= rights[i];
            }

            at += (ulong)length;
        }

        // Memory before holes.
        int most = 0;
        for (int kind = 1; kind < counts.Length; kind++)
        {
            most = counts[kind] > 0 && (most == 0 || counts[kind] > counts[most]) ? kind : most;
        }

        return ((byte)most, any);
    }

    private static void ClearHoles(ReadOnlySpan<byte> kinds, Span<byte> rights)
    {
        for (int i = 0; i < kinds.Length; i++)
        {
            if (kinds[i] == (byte)PageKind.None)
            {
                rights[i] = 0;
            }
        }
    }

    // Kept of all devices, and of the one that was asked for last.
    private ReachedFrames Reached(string? name)
    {
        MachineDevice? device = name is null ? null : ServedDevices.Of(machine, name);
        Lazy<ReachedFrames> frames;
        lock (_gate)
        {
            if (device is null)
            {
                frames = _ofAll ??= new(() => ReachedFrames.Of(machine.DeviceReach, Uses));
            }
            else
            {
                frames = _ofOne is { } kept && kept.Device == device ? kept.Frames : new(() => ReachedFrames.Of(machine.DeviceReach, Uses, device));
                _ofOne = (device, frames);
            }
        }

        return frames.Value;
    }
}
