using System.Buffers.Binary;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Architecture.X64.Stacks;

/// <summary>
/// The tables by which the kernel itself unwinds stacks (CONFIG_UNWINDER_ORC, since 4.14), its own and each module's, as they lie in memory: addresses of code
/// in order, each as the distance from where it stands, and for each of them an entry of six bytes.
/// </summary>
internal sealed class OrcTable
{
    private const int EntryBytes = 6;

    // Of the kernel and all its modules together: some 100 MiB here.
    private const ulong MostEntries = 1 << 23;
    private const ulong MostModuleEntries = 1 << 20;

    private readonly KernelObjects _objects;
    private readonly List<Section> _tables = [];
    private readonly Form _form;
    private ulong _entries;

    private OrcTable(KernelObjects objects, Form form) => (_objects, _form) = (objects, form);

    /// <summary>Reads the tables.</summary>
    /// <exception cref="MissingTypeException">This kernel has none, or nothing tells their form.</exception>
    public static OrcTable Read(KernelObjects objects, ModuleList? modules)
    {
        VirtualAddress Symbol(string name) => objects.Variable(name)
            ?? throw new MissingTypeException($"this kernel has no tables to unwind stacks by: no symbol {name} (CONFIG_UNWINDER_ORC)");
        VirtualAddress places = Symbol("__start_orc_unwind_ip");
        VirtualAddress entries = Symbol("__start_orc_unwind");
        ulong count = (Symbol("__stop_orc_unwind_ip") - places) / sizeof(int);
        if (count is 0 or > MostEntries || Symbol("__stop_orc_unwind") - entries != count * EntryBytes)
        {
            throw new MissingTypeException($"the tables to unwind stacks by at {places} and {entries} do not belong together");
        }

        OrcTable table = new(objects, FormOf(objects));
        table.Add(places, entries, (int)count);
        table.AddModules(modules);
        return table;
    }

    /// <summary>The entry of an address of code; null where no table reaches it.</summary>
    public OrcEntry? Find(ulong address)
    {
        // Modules lie side by side, and where one ends no table says: the nearest entry before the address is the one.
        (ulong From, Section Table, int At)? nearest = null;
        foreach (Section table in _tables)
        {
            if (table.Find(address) is int at && (nearest is not { } known || table.Addresses[at] > known.From))
            {
                nearest = (table.Addresses[at], table, at);
            }
        }

        return nearest is { } found ? Entry(found.Table.Entries.AsSpan(found.At * EntryBytes, EntryBytes)) : null;
    }

    // The last byte begins with the kind. It has two bits and the end a bit of its own until 6.3; since 6.4 the kind has three, and the end is one of them. The
    // kernel's types tell; where they do not, the release does.
    private static Form FormOf(KernelObjects objects)
    {
        if (objects.Types.FindField("orc_entry", "type") is Field { BitSize: 2 or 3 } kind)
        {
            return new(kind.BitSize, objects.Types.FindField("orc_entry", "end") is Field end ? (int)(BitOf(end) - BitOf(kind)) : null);
        }

        return objects.Kernel.IsSince(6, 4) switch
        {
            true => new(3, null),
            false => new(2, objects.Kernel.IsSince(6, 3) == true ? 3 : 2),
            _ => throw new MissingTypeException("nothing tells the form of the tables to unwind stacks by"),
        };

        static long BitOf(Field field) => ((long)field.Offset * 8) + field.BitOffset;
    }

    private OrcEntry Entry(ReadOnlySpan<byte> bytes)
    {
        int registers = bytes[4];
        int kind = bytes[5] & ((1 << _form.KindBits) - 1);
        bool end = _form.EndBit is int bit && ((bytes[5] >> bit) & 1) != 0;
        OrcKind its = end ? OrcKind.End : _form.KindBits == 3
            ? kind switch { 1 => OrcKind.End, 2 => OrcKind.Call, 3 => OrcKind.Registers, 4 => OrcKind.PartOfRegisters, _ => OrcKind.Undefined }
            : kind switch { 0 => OrcKind.Call, 1 => OrcKind.Registers, 2 => OrcKind.PartOfRegisters, _ => OrcKind.Undefined };
        return new(its, registers & 0xf, BinaryPrimitives.ReadInt16LittleEndian(bytes), registers >> 4, BinaryPrimitives.ReadInt16LittleEndian(bytes[2..]));
    }

    private void AddModules(ModuleList? modules)
    {
        KernelTypes types = _objects.Types;
        if (types.FindField("module", "arch.num_orcs") is not Field count || types.FindField("module", "arch.orc_unwind_ip") is not Field places
            || types.FindField("module", "arch.orc_unwind") is not Field entries)
        {
            return;
        }

        foreach (KernelModule module in modules?.Modules ?? [])
        {
            if (_objects.Read(module.Object, count) is (ulong number and > 0 and <= MostModuleEntries)
                && _objects.Pointer(module.Object, places) is VirtualAddress at && _objects.Pointer(module.Object, entries) is VirtualAddress those)
            {
                Add(at, those, (int)number);
            }
        }
    }

    private void Add(VirtualAddress places, VirtualAddress entries, int count)
    {
        _entries += (ulong)count;
        if (_entries > MostEntries)
        {
            return;
        }

        byte[] distances = new byte[count * sizeof(int)];
        byte[] bytes = new byte[count * EntryBytes];
        if (_objects.Kernel.Space.Read(places, distances) != distances.Length || _objects.Kernel.Space.Read(entries, bytes) != bytes.Length)
        {
            return;
        }

        ulong[] addresses = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            int at = i * sizeof(int);
            addresses[i] = unchecked(places.Value + (ulong)at + (ulong)BinaryPrimitives.ReadInt32LittleEndian(distances.AsSpan(at)));
        }

        // The kernel sorts them when it boots; what is not in order is none of its tables.
        for (int i = 1; i < count; i++)
        {
            if (addresses[i] < addresses[i - 1])
            {
                return;
            }
        }

        _tables.Add(new(addresses, bytes));
    }

    /// <summary>How the last byte of an entry is cut into fields.</summary>
    /// <param name="KindBits">Bits of the kind, which are the lowest.</param>
    /// <param name="EndBit">The bit that says that nobody called this; null where a kind says it.</param>
    private sealed record Form(int KindBits, int? EndBit);

    private sealed record Section(ulong[] Addresses, byte[] Entries)
    {
        // The last entry at or before the address: of several at one address the last counts, as in the kernel's search.
        public int? Find(ulong address)
        {
            int low = 0;
            int high = Addresses.Length - 1;
            int found = -1;
            while (low <= high)
            {
                int middle = (low + high) / 2;
                if (Addresses[middle] <= address)
                {
                    found = middle;
                    low = middle + 1;
                }
                else
                {
                    high = middle - 1;
                }
            }

            return found < 0 ? null : found;
        }
    }
}
