using System.Collections;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// A kernel's symbols, in the order of /proc/kallsyms: by address as linked. Immutable and safe to share between threads. Names stay compressed until asked
/// for: some 40 bytes a symbol in all.
/// </summary>
public sealed class SymbolTable : IReadOnlyList<Symbol>
{
    private readonly ulong[] _addresses;
    private readonly CompressedNames _names;
    private readonly NameIndex _index;

    /// <summary>The symbols that name places in memory, in ascending order; null where they are simply the last ones of the table.</summary>
    private readonly int[]? _places;
    private readonly int _placeCount;

    // What others than the table name; found by its name alone.
    private readonly IReadOnlyDictionary<string, Symbol>? _beside;

    internal SymbolTable(ulong[] addresses, CompressedNames names, NameIndex index)
        : this(addresses, names, index, null)
    {
    }

    private SymbolTable(ulong[] addresses, CompressedNames names, NameIndex index, IReadOnlyDictionary<string, Symbol>? beside)
    {
        _beside = beside;
        _addresses = addresses;
        _names = names;
        _index = index;
        int first = Array.FindIndex(addresses, address => IsKernelHalf(new VirtualAddress(address)));
        first = first < 0 ? addresses.Length : first;
        _placeCount = addresses.Length - first;
        for (int i = first; i < addresses.Length && _places is null; i++)
        {
            if (!IsPlace(i))
            {
                _places = [.. Enumerable.Range(first, _placeCount).Where(IsPlace)];
                _placeCount = _places.Length;
            }
        }
    }

    /// <summary>Number of symbols.</summary>
    public int Count => _addresses.Length;

    /// <summary>The symbol at <paramref name="index"/> in table order, from 0; decodes its name.</summary>
    public Symbol this[int index] => new(AddressOf(index), TypeOf(index), _names.NameOf(index));

    /// <summary>The address alone, without decoding the name.</summary>
    public VirtualAddress AddressOf(int index) => new(_addresses[index]);

    /// <summary>nm's type letter alone.</summary>
    public char TypeOf(int index) => _names.TypeOf(index);

    /// <summary>The first symbol in table order called <paramref name="name"/>.</summary>
    public bool TryFind(ReadOnlySpan<char> name, out Symbol symbol)
    {
        int i = _index.Find(name);
        symbol = i < 0 ? default : this[i];
        return i >= 0 || (_beside is not null && _beside.TryGetValue(name.ToString(), out symbol));
    }

    /// <summary>The same table, in which also symbols are found by their names that others tell of; those of the table go before.</summary>
    internal SymbolTable Beside(IReadOnlyDictionary<string, Symbol> others) => new(_addresses, _names, _index, others);

    /// <summary>Every symbol called <paramref name="name"/>, in table order: static functions of several files may share one.</summary>
    public IEnumerable<Symbol> FindAll(string name)
    {
        int first = _index.Find(name);
        for (int i = first; i >= 0; i = _index.Find(name, i))
        {
            yield return this[i];
        }

        if (first < 0 && _beside is not null && _beside.TryGetValue(name, out Symbol other))
        {
            yield return other;
        }
    }

    /// <summary>Every symbol whose whole name matches <paramref name="glob"/>, where * stands for any characters and ? for one; case counts.</summary>
    public IEnumerable<Symbol> Match(string glob)
    {
        byte[] pattern = Encoding.Latin1.GetBytes(glob);
        var buffer = new byte[CompressedNames.BufferSize];
        for (int i = 0; i < Count; i++)
        {
            if (Glob.IsMatch(pattern, _names.Decode(i, buffer)))
            {
                yield return this[i];
            }
        }
    }

    /// <summary>
    /// The symbol at or nearest below <paramref name="address"/>; null below the first and above the last symbol, since nothing says where that one ends.
    /// Of several at the same address it is the table's first, as in kallsyms_lookup (kernel/kallsyms.c, get_symbol_pos): the build sorts
    /// the weak, the linker's and the underscored names of one address behind the ordinary one (scripts/kallsyms.c, compare_symbols).
    /// Absolute symbols (type A, a) and per-CPU offsets are not places in memory and never the answer.
    /// </summary>
    public SymbolOffset? At(VirtualAddress address)
    {
        int next = PlacesBelow(address.Value, inclusive: true);
        if (next == 0)
        {
            return null;
        }

        ulong start = _addresses[Place(next - 1)];
        if (next == _placeCount && address.Value != start)
        {
            return null;
        }

        int first = PlacesBelow(start, inclusive: false);
        ulong size = next < _placeCount ? _addresses[Place(next)] - start : 0;
        return new SymbolOffset(this[Place(first)], address.Value - start, size);
    }

    /// <inheritdoc/>
    public IEnumerator<Symbol> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether the address has its top bit set, as every kernel address has at any paging depth.</summary>
    internal static bool IsKernelHalf(VirtualAddress address) => (long)address.Value < 0;

    /// <summary>Whether both list the same symbols at the same addresses.</summary>
    internal bool SameAs(SymbolTable other) => _addresses.AsSpan().SequenceEqual(other._addresses) && _names.SameAs(other._names);

    private bool IsPlace(int index) => IsKernelHalf(AddressOf(index)) && TypeOf(index) is not ('A' or 'a');

    private int Place(int rank) => _places is null ? _addresses.Length - _placeCount + rank : _places[rank];

    /// <summary>How many places lie below the address, or at it.</summary>
    private int PlacesBelow(ulong address, bool inclusive)
    {
        int low = 0;
        int high = _placeCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            ulong candidate = _addresses[Place(middle)];
            if (candidate < address || (inclusive && candidate == address))
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
}
