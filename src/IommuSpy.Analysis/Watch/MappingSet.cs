namespace IommuSpy.Analysis.Watch;

/// <summary>What is mapped in one address space of devices, and since when. A mapping replaces what it overlaps.</summary>
public sealed class MappingSet
{
    /// <summary>As time: it was there before anyone watched.</summary>
    public const long Before = long.MinValue;

    // By their start; none overlaps another.
    private readonly SortedSet<Mapping> _mappings = new(Comparer<Mapping>.Create((a, b) => a.Address.CompareTo(b.Address)));

    /// <summary>Bytes mapped.</summary>
    public ulong Bytes { get; private set; }

    /// <summary>How many mappings, as they were made.</summary>
    public int Count => _mappings.Count;

    /// <summary>The mappings, in order of address.</summary>
    public IEnumerable<Mapping> All => _mappings;

    /// <summary>Whether there is a mapping of exactly this range.</summary>
    public bool Holds(ulong address, ulong length) => _mappings.TryGetValue(new(address, 0, 0), out Mapping mapping) && mapping.Length == length;

    /// <summary>Whether all of a range is mapped, by one mapping or several.</summary>
    public bool Covers(ulong address, ulong length)
    {
        ulong end = address + Math.Min(length, ulong.MaxValue - address);
        while (address < end)
        {
            if (LastBefore(address + 1) is not Mapping mapping || mapping.Address + mapping.Length <= address)
            {
                return false;
            }

            address = mapping.Address + mapping.Length;
        }

        return true;
    }

    /// <summary>The mapping that has been there longest: of those from before, the lowest; null for none.</summary>
    public Mapping? Oldest => _mappings.Count == 0 ? null : _mappings.MinBy(mapping => mapping.Since);

    /// <summary>Adds a mapping.</summary>
    /// <param name="address">Its first address.</param>
    /// <param name="length">Bytes; cut at the end of the address space, and none is none.</param>
    /// <param name="since">When it was made, in microseconds, or <see cref="Before"/>.</param>
    public void Add(ulong address, ulong length, long since)
    {
        length = Math.Min(length, ulong.MaxValue - address);
        if (length > 0)
        {
            Remove(address, length);
            _mappings.Add(new(address, length, since));
            Bytes += length;
        }
    }

    /// <summary>Removes what is mapped of a range, also where that is a part of a mapping.</summary>
    /// <returns>Bytes that were mapped.</returns>
    public ulong Remove(ulong address, ulong length)
    {
        length = Math.Min(length, ulong.MaxValue - address);
        ulong end = address + length;
        ulong removed = 0;
        while (length > 0 && LastBefore(end) is Mapping mapping && mapping.Address + mapping.Length > address)
        {
            _mappings.Remove(mapping);
            ulong mappingEnd = mapping.Address + mapping.Length;
            ulong from = Math.Max(mapping.Address, address);
            ulong to = Math.Min(mappingEnd, end);
            removed += to - from;
            if (mapping.Address < from)
            {
                _mappings.Add(mapping with { Length = from - mapping.Address });
            }

            if (mappingEnd > to)
            {
                _mappings.Add(mapping with { Address = to, Length = mappingEnd - to });
            }
        }

        Bytes -= removed;
        return removed;
    }

    // The one that begins last of those that begin before an address.
    private Mapping? LastBefore(ulong end) => _mappings.GetViewBetween(default, new(end - 1, 0, 0)).Max is { Length: > 0 } last ? last : null;

    /// <summary>A run of I/O virtual addresses that was mapped at once.</summary>
    /// <param name="Address">The first.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="Since">When, in microseconds of CLOCK_MONOTONIC, or <see cref="Before"/>.</param>
    public readonly record struct Mapping(ulong Address, ulong Length, long Since);
}
