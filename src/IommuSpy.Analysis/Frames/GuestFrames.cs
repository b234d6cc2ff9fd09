using IommuSpy.Linux;
using IommuSpy.Linux.Kvm;
using IommuSpy.Memory;
using IommuSpy.Memory.Views;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Frames;

/// <summary>Which of a host's page frames are memory of its virtual machines, and which hold the tables that translate it. Immutable.</summary>
internal sealed class GuestFrames
{
    // The page of zeros stands in each place where a guest has only read.
    private const int MostPlaces = 64;

    private readonly VirtualMachine[] _machines;
    private readonly (ulong First, ulong Pages, ulong Gpa, int Guest)[] _runs;
    private readonly ulong _longest;
    private readonly Dictionary<PageFrame, (int Guest, int Level, PhysicalAddress First)> _tables = [];

    private GuestFrames(VirtualMachine[] machines, (ulong First, ulong Pages, ulong Gpa, int Guest)[] runs)
    {
        _machines = machines;
        _runs = runs;
        _longest = runs.Length == 0 ? 0 : runs.Max(run => run.Pages);
    }

    /// <summary>Reads the memory of all machines of a host.</summary>
    public static GuestFrames Of(KernelParts host)
    {
        VirtualMachine[] machines = [.. host.VirtualMachines.Value?.Machines ?? []];
        List<(ulong First, ulong Pages, ulong Gpa, int Guest)> runs = [];
        for (int i = 0; i < machines.Length; i++)
        {
            foreach (MemoryPiece piece in GuestMemory.Of(host, machines[i]).Pieces)
            {
                if (piece.Source is PhysicalAddress source)
                {
                    runs.Add((source.Frame.Number, piece.Range.Length >> PageFrame.Shift, piece.Range.Start.Value, i));
                }
            }
        }

        GuestFrames frames = new(machines, [.. runs.OrderBy(run => run.First)]);
        for (int i = 0; i < machines.Length; i++)
        {
            if (machines[i].Nested is NestedRoot nested)
            {
                TableList tables = new(frames._tables, i);
                AddressSpace space = nested.In(host.Kernel.Memory);
                space.VisitTables(new VirtualAddress(0), space.LastUserAddress, ref tables);
            }
        }

        return frames;
    }

    /// <summary>Every guest-physical address of a frame, by machine and address; of more than some dozens the first.</summary>
    public IReadOnlyList<(VirtualMachine Guest, PhysicalAddress Gpa)> PlacesOf(PageFrame frame)
    {
        List<(VirtualMachine Guest, PhysicalAddress Gpa, int Number)> places = [];
        ulong lowest = frame.Number >= _longest ? frame.Number - _longest + 1 : 0;
        for (int i = FirstFrom(lowest); i < _runs.Length && _runs[i].First <= frame.Number && places.Count < MostPlaces; i++)
        {
            (ulong first, ulong pages, ulong gpa, int machine) = _runs[i];
            if (frame.Number - first < pages)
            {
                places.Add((_machines[machine], new(gpa + ((frame.Number - first) << PageFrame.Shift)), machine));
            }
        }

        return [.. places.OrderBy(place => place.Number).ThenBy(place => place.Gpa).Select(place => (place.Guest, place.Gpa))];
    }

    /// <summary>
    /// The nested table that lives in a frame: whose, its level and the first guest-physical address that it translates; null where none does.
    /// </summary>
    public (VirtualMachine Guest, int Level, PhysicalAddress First)? TableIn(PageFrame frame) =>
        _tables.TryGetValue(frame, out (int Guest, int Level, PhysicalAddress First) table) ? (_machines[table.Guest], table.Level, table.First) : null;

    private int FirstFrom(ulong frame)
    {
        int low = 0;
        int high = _runs.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_runs[middle].First < frame)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly struct TableList(Dictionary<PageFrame, (int Guest, int Level, PhysicalAddress First)> tables, int machine) : ITableVisitor
    {
        public void Table(ulong address, int level, PhysicalAddress table) => tables.TryAdd(table.Frame, (machine, level, new(address)));
    }
}
