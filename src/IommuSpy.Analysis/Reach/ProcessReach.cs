using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reach;

/// <summary>Gathers a <see cref="ProcessReachReport"/>.</summary>
internal sealed class ProcessReach(DeviceReach reach)
{
    private const int MaxRows = 1 << 20;

    // A run that the next page may make longer, by who reaches it.
    private readonly Dictionary<(MachineDevice Device, int? Pasid), List<(int Row, ulong NextAddress, ulong NextPhysical, ulong NextIova)>> _open = [];
    private readonly List<ProcessReachRow> _rows = [];
    private ulong _present;
    private ulong _reached;
    private bool _cut;

    public ProcessReachReport Of(KernelTask process, AddressSpace space)
    {
        Leaves leaves = new(this);
        WalkSummary summary = space.Visit(new(0), space.LastUserAddress, ref leaves);
        return new(
            process.Pid,
            process.Comm,
            space.Root,
            _present,
            _reached,
            [.. _rows.OrderBy(row => row.Virtual).ThenBy(row => row.Device, StringComparer.Ordinal).ThenBy(row => row.Pasid).ThenBy(row => row.Iova)],
            [.. reach.Unrestricted.Select(UnrestrictedReport.Of)],
            DeviceCounts.Of(reach.Devices),
            _cut,
            reach.IsWhole && summary is { MissingTables: 0, LimitReached: false });
    }

    private void Page(ulong address, PageFrame frame)
    {
        _present++;
        IReadOnlyList<DeviceReacher> reachers = reach.ReachersOf(frame);
        _reached += reachers.Count > 0 ? 1UL : 0;
        foreach (DeviceReacher reacher in reachers)
        {
            Add(address, frame, reacher);
        }
    }

    private void Add(ulong address, PageFrame frame, DeviceReacher reacher)
    {
        string rights = DeviceRights.Letters(reacher.Rights);
        if (!_open.TryGetValue((reacher.Device, reacher.Pasid), out var runs))
        {
            _open[(reacher.Device, reacher.Pasid)] = runs = [];
        }

        runs.RemoveAll(run => run.NextAddress < address);
        int at = runs.FindIndex(run =>
            run.NextAddress == address && run.NextPhysical == frame.Address.Value && run.NextIova == reacher.Address.Value && _rows[run.Row].Rights == rights);
        int row;
        if (at >= 0)
        {
            row = runs[at].Row;
            _rows[row] = _rows[row] with { Bytes = _rows[row].Bytes + PageFrame.Size };
            runs.RemoveAt(at);
        }
        else if (_rows.Count < MaxRows)
        {
            row = _rows.Count;
            _rows.Add(new(new(address), PageFrame.Size, frame.Address, reacher.Device.Address.ToString(), reacher.Device.Function?.Driver, reacher.Pasid,
                reacher.Address, rights));
        }
        else
        {
            _cut = true;
            return;
        }

        runs.Add((row, address + PageFrame.Size, frame.Address.Value + PageFrame.Size, reacher.Address.Value + PageFrame.Size));
    }

    private readonly struct Leaves(ProcessReach owner) : ICpuLeafVisitor
    {
        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong first = leaf.Physical.Frame.Number;
            for (ulong i = 0; i < leaf.Bytes >> PageFrame.Shift; i++)
            {
                owner.Page(leaf.Address.Value + (i << PageFrame.Shift), new(first + i));
            }
        }
    }
}
