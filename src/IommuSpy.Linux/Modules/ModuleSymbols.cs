using System.Collections;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>A module's symbols, in the order of /proc/kallsyms: that of its file. Immutable; safe to share between threads.</summary>
public sealed class ModuleSymbols : IReadOnlyList<Symbol>
{
    private readonly Symbol[] _symbols;
    private readonly ModuleMemory[] _memory;

    /// <summary>Positions of the symbols by ascending address, those of one address in the table's order.</summary>
    private readonly int[] _byAddress;

    internal ModuleSymbols(Symbol[] symbols, IReadOnlyList<ModuleMemory> memory, string? damage)
    {
        _symbols = symbols;
        _memory = [.. memory];
        Damage = damage;

        // A symbol outside the module's memory is no place in it: an absolute one, one of a freed section, or a per-CPU offset.
        _byAddress =
            [.. Enumerable.Range(0, symbols.Length).Where(i => _memory.Any(part => part.Contains(symbols[i].Address))).OrderBy(i => symbols[i].Address)];
    }

    /// <summary>What could not be read of them; null where nothing is missing.</summary>
    public string? Damage { get; }

    /// <inheritdoc/>
    public int Count => _symbols.Length;

    /// <inheritdoc/>
    public Symbol this[int index] => _symbols[index];

    /// <summary>
    /// The symbol at or nearest below an address of the module: within one run of its memory, so that nothing else's symbol answers for data that has none. Of
    /// several at one address the table's first, as in find_kallsyms_symbol (kernel/module/kallsyms.c). Its size reaches to the next symbol or the end of the
    /// run.
    /// </summary>
    public SymbolOffset? At(VirtualAddress address)
    {
        if (_memory.FirstOrDefault(part => part.Contains(address)) is not ModuleMemory memory)
        {
            return null;
        }

        int next = Below(address, inclusive: true);
        if (next == 0 || _symbols[_byAddress[next - 1]].Address is var start && !memory.Contains(start))
        {
            return null;
        }

        VirtualAddress end = memory.Start + memory.Length;
        VirtualAddress bound = next < _byAddress.Length && memory.Contains(_symbols[_byAddress[next]].Address) ? _symbols[_byAddress[next]].Address : end;
        return new(_symbols[_byAddress[Below(start, inclusive: false)]], address - start, bound - start);
    }

    /// <summary>The first symbol of a name; null where there is none.</summary>
    public Symbol? Find(ReadOnlySpan<char> name)
    {
        foreach (Symbol symbol in _symbols)
        {
            if (name.SequenceEqual(symbol.Name))
            {
                return symbol;
            }
        }

        return null;
    }

    /// <summary>
    /// Every symbol whose whole name matches a glob, where * stands for any characters and ? for one; case counts. A name may be asked for with its module:
    /// "*_probe [e1000e]".
    /// </summary>
    public IEnumerable<Symbol> Match(string glob)
    {
        byte[] pattern = Encoding.Latin1.GetBytes(glob);
        bool withModule = glob.EndsWith(']');
        return _symbols.Where(symbol => Glob.IsMatch(pattern, Encoding.Latin1.GetBytes(withModule ? $"{symbol.Name} [{symbol.Module}]" : symbol.Name)));
    }

    /// <inheritdoc/>
    public IEnumerator<Symbol> GetEnumerator() => ((IEnumerable<Symbol>)_symbols).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>How many symbols stand below an address, or at it.</summary>
    private int Below(VirtualAddress address, bool inclusive)
    {
        int low = 0;
        int high = _byAddress.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int order = _symbols[_byAddress[middle]].Address.CompareTo(address);
            if (order < 0 || (inclusive && order == 0))
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
