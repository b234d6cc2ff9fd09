using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Memory.Views;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Kvm;

/// <summary>Where a virtual machine's memory is in its host's: its slots, through the page tables of its process. Immutable.</summary>
public sealed class GuestMemory
{
    private const string NoTables = "lost: the process that it belongs to has no page tables in the image";
    private const string MissingTable = "lost: the host's page table that leads to it is not in the image";
    private const string NoMemory = "no memory: ";
    private const string DeviceMemory = NoMemory + "the host has a device there";
    private const string NoArea = NoMemory + "its process has nothing mapped there";
    private const string NoAccess = NoMemory + "its process may not touch what is mapped there";
    private const string UnknownArea = "not known: the areas of its process cannot all be read";
    private const string Private = "private to the machine, in memory of guest_memfd: not what its process has there";
    private const string Moving = "lost: the host was moving it";
    private const string Unread = "not read: this program follows no more pages in one run";

    private GuestMemory(IReadOnlyList<MemoryPiece> pieces, bool isWhole)
    {
        Pieces = pieces;
        IsWhole = isWhole;
    }

    /// <summary>What the machine sees of its memory, by guest-physical address, in runs that are alike.</summary>
    public IReadOnlyList<MemoryPiece> Pieces { get; }

    /// <summary>Whether all of the tables of its process could be read.</summary>
    public bool IsWhole { get; }

    /// <summary>Those of the pieces that are memory, wherever it is now: not the registers of devices, and not what the process has nothing for.</summary>
    public IEnumerable<MemoryPiece> Memory => Pieces.Where(piece => piece.Absence?.StartsWith(NoMemory, StringComparison.Ordinal) != true);

    /// <summary>Pages of it that are in the host's memory.</summary>
    public ulong PresentPages => Count(piece => piece.Source is not null);

    /// <summary>Pages of it that nobody ever wrote to: they read as zeros.</summary>
    public ulong ZeroPages => Count(piece => piece.IsZeros);

    /// <summary>Pages of it that are somewhere else, or lost.</summary>
    public ulong AbsentPages => Count(piece => piece.Absence is not null);

    /// <summary>Reads it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="machine">The machine.</param>
    public static GuestMemory Of(KernelParts host, VirtualMachine machine)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(machine);
        List<MemoryPiece> pieces = [];
        bool whole = true;
        AddressSpace? space = machine.Process?.Root is PhysicalAddress root ? host.Kernel.SpaceOf(root) : null;
        WorkAllowance allowance = new(host.Kernel.Memory.Budget, Work.Extents, long.MaxValue);
        ProcessMemory? process = machine.Process is { } its ? host.MemoryOf(its).Value : null;
        MemoryArea[] areas = [.. process?.Areas ?? []];
        string outside = process is { Damage.Count: 0 } ? NoArea : UnknownArea;
        SharedPages? shared = space is null ? null : new(host, space, areas);
        foreach (MemorySlot slot in machine.OwnSlots)
        {
            if (space is null)
            {
                pieces.Add(new(slot.Range, null, NoTables));
                whole = false;
                continue;
            }

            if (slot.HasPrivateMemory)
            {
                pieces.Add(new(slot.Range, null, Private));
                continue;
            }

            MemoryArea[] inSlot = Array.FindAll(
                areas, area => area.Start.CompareTo(slot.User + slot.Bytes) < 0 && area.End.CompareTo(slot.User) > 0
                    && ((area.Start.Value | area.End.Value) % PageFrame.Size) == 0);
            Collector collector = new(host, slot, inSlot, outside, shared!, pieces, allowance);
            WalkSummary summary = EntryWalk.Visit(host.Kernel.Memory, space, slot.User, slot.User + slot.Bytes, ref collector);
            allowance = collector.Allowance;
            whole &= summary.MissingTables == 0 && !summary.LimitReached && !collector.IsCut;
            whole &= collector.Next == slot.Bytes;
            Fill(pieces, slot, collector.Next);
        }

        allowance.Finish();
        shared?.Finish();
        return new(pieces, whole);
    }

    /// <summary>What it is of one page.</summary>
    /// <param name="address">A guest-physical address.</param>
    /// <returns>The run that holds it; null where no slot does.</returns>
    public MemoryPiece? At(PhysicalAddress address)
    {
        int low = 0;
        int high = Pieces.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            MemoryPiece piece = Pieces[middle];
            if (piece.Range.Contains(address))
            {
                return piece;
            }

            if (piece.Range.Start.CompareTo(address) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return null;
    }

    private ulong Count(Func<MemoryPiece, bool> wanted) =>
        Pieces.Where(wanted).Aggregate(0UL, (sum, piece) => sum + (piece.Range.Length >> PageFrame.Shift));

    // What a walk that ended early did not reach.
    private static void Fill(List<MemoryPiece> pieces, MemorySlot slot, ulong next)
    {
        if (next < slot.Bytes)
        {
            pieces.Add(new(new(slot.Start + next, slot.Bytes - next), null, Unread));
        }
    }

    /// <summary>Makes runs of entries.</summary>
    private struct Collector(
        KernelParts host, MemorySlot slot, MemoryArea[] areas, string outside, SharedPages shared, List<MemoryPiece> pieces, WorkAllowance allowance)
        : IEntryVisitor
    {
        private readonly int _first = pieces.Count;
        public WorkAllowance Allowance = allowance;
        public bool IsCut;
        public ulong Next;

        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry)
        {
            ulong offset = first - slot.User;
            if (IsCut || offset != Next)
            {
                return;
            }

            ulong length = pages << PageFrame.Shift;
            if (entry == 0)
            {
                if (!host.Kernel.Memory.TryRead(table, out _))
                {
                    Add(offset, length, null, MissingTable);
                    return;
                }

                Empty(offset, length);
                return;
            }

            UserEntry read = host.UserEntries.Read(entry, level);
            if (read.Present && read.Frame is PageFrame frame)
            {
                PagingMode mode = host.Kernel.Mode;
                ulong within = level == 1 ? 0 : first.Value & (mode.Format.SlotBytes(level) - 1);
                PhysicalAddress source = frame.Address + within;
                bool isMemory = host.Kernel.Memory.IsMemory(source);
                Add(offset, length, isMemory ? source : null, isMemory ? null : DeviceMemory);
                return;
            }

            NonPresentEntry other = host.UserEntries.ReadNonPresent(entry, level);
            switch (other.Kind)
            {
                case NonPresentKind.Empty or NonPresentKind.Marker:
                    Empty(offset, length);
                    break;
                case NonPresentKind.Migration:
                    Add(offset, length, null, Moving);
                    break;
                case NonPresentKind.Swap:
                    // Without the page of the device, so that neighbours are one run.
                    Add(offset, length, null, $"swapped out by the host: device {other.Type}");
                    break;
                default:
                    Add(offset, length, null, other.Description);
                    break;
            }
        }

        // No entry is there. Never written, where the memory is the process's own; a page of a file may be there all the same.
        private void Empty(ulong offset, ulong length)
        {
            ulong end = offset + length;
            foreach (MemoryArea area in areas)
            {
                ulong last = Math.Min(area.End - slot.User, end);
                if (IsCut || area.End.CompareTo(slot.User) <= 0 || last <= Next)
                {
                    continue;
                }

                if (area.Start.CompareTo(slot.User + end) >= 0)
                {
                    break;
                }

                if (area.Start.CompareTo(slot.User + Next) > 0)
                {
                    Add(Next, area.Start - (slot.User + Next), null, outside);
                }

                Within(area, last);
            }

            if (!IsCut && Next < end)
            {
                Add(Next, end - Next, null, outside);
            }
        }

        private void Within(MemoryArea area, ulong last)
        {
            if (area.File is null || area.IsDevice || area.Access is AccessRights.None)
            {
                string? absence = area.IsDevice ? DeviceMemory : area.Access is AccessRights.None ? NoAccess : null;
                Add(Next, last - Next, null, absence);
                return;
            }

            while (Next < last && !IsCut)
            {
                if (shared.RunAt(area, slot.User + Next, slot.User + last) is not ({ } bytes, var source, var absence))
                {
                    IsCut = true;
                    return;
                }

                Add(Next, bytes, source, absence);
            }
        }

        private void Add(ulong offset, ulong length, PhysicalAddress? source, string? absence)
        {
            if (length == 0)
            {
                return;
            }

            Next = offset + length;
            PhysicalAddress start = slot.Start + offset;
            if (pieces.Count > _first && pieces[^1] is MemoryPiece last && last.Absence == absence && last.Source is null == source is null
                && (source is null || (last.Source!.Value + last.Range.Length == source
                    && host.Kernel.Memory.IsMemory(source.Value) == host.Kernel.Memory.IsMemory(last.Source.Value))))
            {
                pieces[^1] = last with { Range = new(last.Range.Start, last.Range.Length + length) };
                return;
            }

            if (!Allowance.TryUse())
            {
                IsCut = true;
                Next = offset;
                return;
            }

            pieces.Add(new(new(start, length), source, absence));
        }
    }
}
