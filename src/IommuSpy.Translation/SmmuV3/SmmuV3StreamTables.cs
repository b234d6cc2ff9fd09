using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.SmmuV3;

/// <summary>An SMMUv3's stream table and what hangs from it (Arm SMMUv3 specification, IHI 0070, 3.3 and 5). docs/smmuv3.md</summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="root">Physical address of the stream table: SMMU_STRTAB_BASE bits 51:6.</param>
/// <param name="streamBits">log2 of the streams that it has room for: SMMU_STRTAB_BASE_CFG.LOG2SIZE.</param>
/// <param name="split">Of a table of two levels, log2 of the streams in a table of the second; null for a linear one.</param>
/// <param name="segment">PCI segment whose requests arrive here.</param>
/// <param name="streams">Stream IDs that are not the requester's own number, as firmware gives them.</param>
public sealed class SmmuV3StreamTables(
    PhysicalMemory memory, PhysicalAddress root, int streamBits, int? split, uint segment = 0, IReadOnlyDictionary<RequesterId, uint>? streams = null)
    : IDeviceTables
{
    /// <summary>Entries that are followed at the most: hostile tables can make every substream of every stream valid.</summary>
    public const int MostContexts = 1 << 17;

    // Requesters have 16 bits; streams beyond belong to no PCI function.
    private const int MostStreamBits = 16;
    private const ulong SpanMask = 0x1f;
    private const ulong TableMask = 0x000f_ffff_ffff_ffc0;

    /// <inheritdoc/>
    public PhysicalAddress Root => root;

    /// <summary>log2 of the streams that the table has room for.</summary>
    public int StreamBits => streamBits;

    /// <summary>Of a table of two levels, log2 of the streams in a table of the second; null for a linear one.</summary>
    public int? Split => split;

    /// <summary>Bytes of the table that <see cref="Root"/> leads to.</summary>
    public ulong RootBytes => split is int bits ? (ulong)sizeof(ulong) << Math.Max(0, streamBits - bits) : (ulong)StreamTableEntry.Bytes << streamBits;

    /// <inheritdoc/>
    public DeviceContext ContextOf(RequesterId requester, int? pasid = null)
    {
        if (requester.Segment != segment)
        {
            return StreamTableEntry.Blocked(requester, pasid, root, [], "it is in another PCI segment");
        }

        uint stream = streams is not null && streams.TryGetValue(requester, out uint mapped) ? mapped : requester.Value;
        return EntryOf(stream, out PhysicalAddress address, out string? problem) is ulong[] entry
            ? StreamTableEntry.Read(memory, requester, pasid, address, entry)
            : StreamTableEntry.Blocked(requester, pasid, address, [], problem!);
    }

    /// <inheritdoc/>
    public IReadOnlyList<DeviceContext> Contexts(out bool limitReached)
    {
        List<DeviceContext> contexts = [];
        SortedDictionary<uint, RequesterId> known = [];
        foreach ((RequesterId requester, uint stream) in streams ?? new Dictionary<RequesterId, uint>())
        {
            known.TryAdd(stream, requester);
        }

        bool whole = true;
        uint count = 1U << Math.Min(streamBits, MostStreamBits);
        for (uint stream = 0; stream < count && contexts.Count < MostContexts; stream++)
        {
            // A table of the second level that is not there holds nothing.
            if (split is int bits && stream % (1U << bits) == 0 && TableOf(stream) is null)
            {
                stream += (1U << bits) - 1;
                continue;
            }

            // Whose number it is, unless that one has another stream.
            RequesterId own = new(segment, (ushort)stream);
            if (known.TryGetValue(stream, out RequesterId requester))
            {
                whole &= TryAdd(requester, contexts);
            }
            else if (streams?.ContainsKey(own) != true)
            {
                whole &= TryAdd(own, contexts);
            }
        }

        foreach ((_, RequesterId beyond) in known.Where(pair => pair.Key >= count))
        {
            whole &= TryAdd(beyond, contexts);
        }

        limitReached = !whole || contexts.Count >= MostContexts;
        return contexts;
    }

    // False where not all of its substreams were looked at.
    private bool TryAdd(RequesterId requester, List<DeviceContext> contexts)
    {
        DeviceContext context = ContextOf(requester);
        if (context.Mode == DmaMode.Blocked && !(context.Entry.Count > 0 && StreamTableEntry.Translates(context.Entry[0])))
        {
            return true;
        }

        contexts.Add(context);
        IReadOnlyList<int> substreams = StreamTableEntry.ValidSubstreams(memory, context.Entry, MostContexts - contexts.Count, out bool whole);
        contexts.AddRange(substreams.Select(pasid => ContextOf(requester, pasid)));

        return whole;
    }

    // The first address and log2 of the count of a table of the second level; null where there is none.
    private (ulong Address, int Bits)? TableOf(uint stream) =>
        memory.TryRead(new(root.Value + ((ulong)(stream >> split!.Value) * sizeof(ulong))), out ulong descriptor) && (descriptor & SpanMask) is var span and > 0
            ? (descriptor & TableMask, (int)span - 1) : null;

    private ulong[]? EntryOf(uint stream, out PhysicalAddress address, out string? problem)
    {
        address = root;
        if (streamBits < 32 && stream >> streamBits != 0)
        {
            problem = $"stream {stream:x} is beyond its stream table";
            return null;
        }

        if (split is int bits)
        {
            address = new(root.Value + ((ulong)(stream >> bits) * sizeof(ulong)));
            if (TableOf(stream) is not (ulong table, int count))
            {
                problem = memory.Contains(address) ? "its part of the stream table is not there (Span is 0)"
                    : $"the stream table is {memory.WhyUnread(address)}";
                return null;
            }

            uint index = stream & ((1U << bits) - 1);
            if (index >> count != 0)
            {
                problem = $"stream {stream:x} is beyond its part of the stream table";
                return null;
            }

            address = new(table + ((ulong)index * StreamTableEntry.Bytes));
        }
        else
        {
            address = new(root.Value + ((ulong)stream * StreamTableEntry.Bytes));
        }

        ulong[] entry = new ulong[StreamTableEntry.Words];
        Span<byte> bytes = MemoryMarshal.AsBytes(entry.AsSpan());
        if (memory.Read(address, bytes) != bytes.Length)
        {
            problem = $"its stream table entry is {memory.WhyUnread(address)}";
            return null;
        }

        problem = null;
        return entry;
    }
}
