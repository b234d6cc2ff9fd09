using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.VtD;

/// <summary>VT-d's root table and what hangs from it, in legacy or scalable mode (VT-d specification, 3.4 and 9.1 to 9.6). docs/vtd-device-tables.md</summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="root">Physical address of the root table: RTADDR bits 12-63.</param>
/// <param name="scalable">RTADDR bit 10: scalable mode.</param>
/// <param name="segment">PCI segment of the unit.</param>
public sealed class VtdDeviceTables(PhysicalMemory memory, PhysicalAddress root, bool scalable, ushort segment = 0) : IDeviceTables
{
    /// <summary>Entries that are followed at the most: hostile tables can make every PASID of every device present.</summary>
    public const int MostContexts = 1 << 17;

    private const int RootEntries = 256;
    private const int RootEntryBytes = 16;
    private const int ContextEntries = 256;
    private const int PasidsInTable = 64;
    private const int MostPasid = 1 << 20;

    /// <inheritdoc/>
    public PhysicalAddress Root => root;

    /// <summary>Scalable mode, rather than legacy.</summary>
    public bool Scalable => scalable;

    /// <inheritdoc/>
    public DeviceContext ContextOf(RequesterId requester, int? pasid = null)
    {
        if (requester.Segment != segment)
        {
            return Blocked(requester, pasid, root, [], "it is in another PCI segment");
        }

        PhysicalAddress rootEntry = new(root.Value + ((ulong)requester.Bus * RootEntryBytes));
        bool upper = scalable && requester.DeviceFunction >= ContextEntries / 2;
        PhysicalAddress half = new(rootEntry.Value + (upper ? sizeof(ulong) : 0UL));
        if (!memory.TryRead(half, out ulong table))
        {
            return Blocked(requester, pasid, half, [], $"the root table is {memory.WhyUnread(half)}");
        }

        if ((table & VtdContextEntry.Present) == 0)
        {
            return Blocked(requester, pasid, half, [table], "its bus is not present in the root table");
        }

        int size = scalable ? VtdContextEntry.ScalableBytes : VtdContextEntry.LegacyBytes;
        int index = scalable ? requester.DeviceFunction % (ContextEntries / 2) : requester.DeviceFunction;
        PhysicalAddress address = new((table & VtdContextEntry.AddressMask) + ((ulong)index * (ulong)size));
        ulong[] entry = new ulong[size / sizeof(ulong)];
        if (!TryRead(address, entry))
        {
            return Blocked(requester, pasid, address, [], $"its context table is {memory.WhyUnread(address)}");
        }

        return (entry[0] & VtdContextEntry.Present) == 0
            ? Blocked(requester, pasid, address, entry, "its context entry is not present")
            : scalable ? OfPasid(requester, pasid, address, entry) : VtdContextEntry.Read(memory, requester, address, entry, pasid);
    }

    /// <inheritdoc/>
    public IReadOnlyList<DeviceContext> Contexts(out bool limitReached)
    {
        List<DeviceContext> contexts = [];
        for (int bus = 0; bus < RootEntries && contexts.Count < MostContexts; bus++)
        {
            for (int half = 0; half < 2; half++)
            {
                // In legacy mode one table holds a bus's 256 functions; in scalable mode each half of the root entry points at 128.
                if (memory.TryRead(new(root.Value + ((ulong)bus * RootEntryBytes) + (scalable ? (ulong)half * sizeof(ulong) : 0)), out ulong table)
                    && (table & VtdContextEntry.Present) != 0)
                {
                    AddBus(bus, half, contexts);
                }
            }
        }

        limitReached = contexts.Count >= MostContexts;
        return contexts;
    }

    private void AddBus(int bus, int half, List<DeviceContext> contexts)
    {
        for (int i = 0; i < ContextEntries / 2 && contexts.Count < MostContexts; i++)
        {
            RequesterId requester = new(segment, (ushort)((bus << 8) | (half * (ContextEntries / 2)) | i));
            DeviceContext context = ContextOf(requester);
            if (context.Entry.Count == 0 || context.Mode != DmaMode.Blocked)
            {
                contexts.Add(context);
            }

            if (scalable)
            {
                AddPasids(requester, contexts);
            }
        }
    }

    // What a device has beyond its requests without PASID.
    private void AddPasids(RequesterId requester, List<DeviceContext> contexts)
    {
        if (ContextEntryOf(requester) is not ulong[] entry || !VtdContextEntry.PasidEnabled(entry[0]))
        {
            return;
        }

        int without = VtdContextEntry.PasidOfPlainRequests(entry[1]);
        for (int directory = 0; directory < VtdContextEntry.DirectoryEntries(entry[0]) && contexts.Count < MostContexts; directory++)
        {
            if (!memory.TryRead(new(VtdContextEntry.Directory(entry[0]) + ((ulong)directory * sizeof(ulong))), out ulong table)
                || (table & VtdPasidEntry.Present) == 0)
            {
                continue;
            }

            for (int i = 0; i < PasidsInTable; i++)
            {
                int pasid = (directory * PasidsInTable) + i;
                if (pasid != without && ContextOf(requester, pasid) is { Mode: not DmaMode.Blocked } context)
                {
                    contexts.Add(context);
                }
            }
        }
    }

    private ulong[]? ContextEntryOf(RequesterId requester)
    {
        ulong half = requester.DeviceFunction >= ContextEntries / 2 ? sizeof(ulong) : 0UL;
        ulong[] entry = new ulong[VtdContextEntry.ScalableBytes / sizeof(ulong)];
        return memory.TryRead(new(root.Value + ((ulong)requester.Bus * RootEntryBytes) + half), out ulong table) && (table & VtdContextEntry.Present) != 0
            && TryRead(new((table & VtdContextEntry.AddressMask) + ((ulong)(requester.DeviceFunction % (ContextEntries / 2)) * VtdContextEntry.ScalableBytes)),
                entry)
            && (entry[0] & VtdContextEntry.Present) != 0 ? entry : null;
    }

    private DeviceContext OfPasid(RequesterId requester, int? pasid, PhysicalAddress contextAddress, ulong[] context)
    {
        bool deviceTlb = VtdContextEntry.ScalableDeviceTlb(context[0]);
        if (VtdContextEntry.ScalableReserved(context) is string problem)
        {
            return new(requester, pasid, DmaMode.Invalid, 0, null, AccessRights.None, contextAddress, context, deviceTlb, problem);
        }

        if (pasid is not null && !VtdContextEntry.PasidEnabled(context[0]))
        {
            return Blocked(requester, pasid, contextAddress, context, "its context entry does not let requests with PASID through");
        }

        int effective = pasid ?? VtdContextEntry.PasidOfPlainRequests(context[1]);
        int index = effective / PasidsInTable;
        if (effective is < 0 or >= MostPasid || index >= VtdContextEntry.DirectoryEntries(context[0]))
        {
            return Blocked(requester, pasid, contextAddress, context, $"PASID {effective} is beyond its PASID directory");
        }

        PhysicalAddress directory = new(VtdContextEntry.Directory(context[0]) + ((ulong)index * sizeof(ulong)));
        if (!memory.TryRead(directory, out ulong table))
        {
            return Blocked(requester, pasid, directory, [], $"its PASID directory is {memory.WhyUnread(directory)}");
        }

        if ((table & VtdPasidEntry.Present) == 0)
        {
            return Blocked(requester, pasid, directory, [table], $"PASID {effective} is not present in its PASID directory");
        }

        PhysicalAddress address = new((table & VtdContextEntry.AddressMask) + ((ulong)(effective % PasidsInTable) * VtdPasidEntry.Bytes));
        ulong[] entry = new ulong[VtdPasidEntry.Bytes / sizeof(ulong)];
        return TryRead(address, entry)
            ? VtdPasidEntry.Read(memory, requester, pasid, address, entry, deviceTlb)
            : Blocked(requester, pasid, address, [], $"its PASID table is {memory.WhyUnread(address)}");
    }

    private bool TryRead(PhysicalAddress address, ulong[] words)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(words.AsSpan());
        return memory.Read(address, bytes) == bytes.Length;
    }

    private static DeviceContext Blocked(RequesterId requester, int? pasid, PhysicalAddress address, IReadOnlyList<ulong> entry, string problem) =>
        new(requester, pasid, DmaMode.Blocked, 0, null, AccessRights.None, address, entry, DeviceTlb: false, problem);
}
