using System.Globalization;
using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Sources.Qemu;

namespace IommuSpy.Memory.Sources.Gdb;

/// <summary>A guest's physical memory through a gdbstub, in blocks: as many read packets at once as a block takes.</summary>
internal sealed class GdbMemory(GdbClient gdb, IReadOnlyList<RamRun> runs) : BlockStore
{
    private const int Shift = 16;
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public override int BlockShift => Shift;

    /// <inheritdoc/>
    public override bool Holds(ulong block) => true;

    /// <inheritdoc/>
    public override BlockContent Decode(ulong block, Span<byte> destination)
    {
        destination.Clear();
        ulong start = block << Shift;
        ulong end = start + (1UL << Shift);
        List<string> packets = [];
        List<(int At, int Length)> parts = [];

        // Two digits a byte, and room for what frames a packet.
        ulong most = (ulong)Math.Max(16, ((gdb.PacketBytes - 8) / 2) & ~15);
        foreach (RamRun run in runs)
        {
            ulong to = Math.Min(end - 1, run.Range.Last.Value);
            for (ulong at = Math.Max(start, run.Range.Start.Value); at <= to;)
            {
                ulong length = Math.Min(most, to - at + 1);
                packets.Add(string.Create(CultureInfo.InvariantCulture, $"m{at:x},{length:x}"));
                parts.Add(((int)(at - start), (int)length));
                at += length;
                if (at == 0)
                {
                    break;
                }
            }
        }

        lock (_gate)
        {
            string[] answers = gdb.AskMany(packets);
            for (int i = 0; i < answers.Length; i++)
            {
                if (!GdbClient.TryHex(answers[i], out byte[] bytes) || bytes.Length != parts[i].Length)
                {
                    return BlockContent.Missing;
                }

                bytes.CopyTo(destination[parts[i].At..]);
            }
        }

        return BlockContent.Decoded;
    }
}
