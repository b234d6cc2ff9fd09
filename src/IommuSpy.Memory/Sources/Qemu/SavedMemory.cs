using IommuSpy.Memory.Blocks;

namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>A guest's memory that QEMU writes into a file for us, block by block (pmemsave): where there is no shared file to map.</summary>
internal sealed class SavedMemory : BlockStore, IDisposable
{
    private const int Shift = 18;

    private readonly QmpClient _qmp;
    private readonly PrivateFile _file = PrivateFile.In(Path.GetTempPath(), "iommu-spy-qemu");
    private readonly IReadOnlyList<RamRun> _runs;
    private readonly Lock _gate = new();

    internal SavedMemory(QmpClient qmp, IReadOnlyList<RamRun> runs)
    {
        _qmp = qmp;
        _runs = runs;
    }

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
        lock (_gate)
        {
            // Only what is memory: between its runs there may be devices, which reading changes.
            foreach (RamRun run in _runs)
            {
                ulong from = Math.Max(start, run.Range.Start.Value);
                ulong to = Math.Min(end, run.Range.Last.Value + 1);
                if (from >= to || run.Range.Last.Value == ulong.MaxValue)
                {
                    continue;
                }

                try
                {
                    _qmp.Execute("pmemsave", ("val", from), ("size", to - from), ("filename", _file.Path)).Dispose();
                }
                catch (QmpException)
                {
                    return BlockContent.Missing;
                }

                if (RandomAccess.Read(_file.Handle, destination.Slice((int)(from - start), (int)(to - from)), 0) != (int)(to - from))
                {
                    return BlockContent.Missing;
                }
            }
        }

        return BlockContent.Decoded;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
