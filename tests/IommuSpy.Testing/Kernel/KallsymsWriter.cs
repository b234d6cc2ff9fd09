using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Testing.Kernel;

/// <summary>Writes a symbol table as scripts/kallsyms.c does, with single characters as tokens.</summary>
internal static class KallsymsWriter
{
    private const int Group = 256;

    /// <summary>The table's bytes, to stand at a multiple of 8.</summary>
    /// <param name="symbols">In address order.</param>
    /// <param name="form">Which form.</param>
    /// <param name="relativeBase">kallsyms_relative_base: the lowest address.</param>
    public static byte[] Write(IReadOnlyList<Symbol> symbols, SymbolForm form, ulong relativeBase)
    {
        List<byte> table = [];
        int wordBytes = form == SymbolForm.Absolute ? 8 : 4;
        if (form != SymbolForm.OffsetsLast)
        {
            AddAddresses(table, symbols, form, relativeBase);
        }

        List<int> markers = [];
        List<byte> names = [];
        foreach ((Symbol symbol, int i) in symbols.Select((symbol, i) => (symbol, i)))
        {
            if (i % Group == 0)
            {
                markers.Add(names.Count);
            }

            byte[] tokens = Encoding.Latin1.GetBytes(symbol.Type + symbol.Name);
            names.Add(checked((byte)tokens.Length));
            names.AddRange(tokens);
        }

        Add(table, (ulong)symbols.Count, wordBytes);
        Align(table);
        table.AddRange(names);
        Align(table);
        foreach (int marker in markers)
        {
            Add(table, (ulong)marker, wordBytes);
        }

        Align(table);
        AddTokens(table);
        if (form == SymbolForm.OffsetsLast)
        {
            Align(table);
            AddAddresses(table, symbols, form, relativeBase);
        }

        return [.. table];
    }

    /// <summary>Each code stands for its own character where that is printable, and for an unused longer token elsewhere.</summary>
    private static void AddTokens(List<byte> table)
    {
        List<int> starts = [];
        int start = table.Count;
        for (int code = 0; code < 256; code++)
        {
            starts.Add(table.Count - start);
            table.AddRange(Encoding.Latin1.GetBytes(code is > ' ' and <= '~' ? ((char)code).ToString() : $"unused_{code}"));
            table.Add(0);
        }

        Align(table);
        foreach (int at in starts)
        {
            Add(table, (ulong)at, sizeof(ushort));
        }
    }

    private static void AddAddresses(List<byte> table, IReadOnlyList<Symbol> symbols, SymbolForm form, ulong relativeBase)
    {
        foreach (Symbol symbol in symbols)
        {
            ulong address = symbol.Address.Value;
            if (form == SymbolForm.Absolute)
            {
                Add(table, address, sizeof(ulong));
            }
            else
            {
                // Absolute-percpu: what is in the kernel's half is relative to the base, downwards.
                Add(table, address >= relativeBase ? relativeBase - 1 - address : address, sizeof(int));
            }
        }

        Align(table);
        if (form != SymbolForm.Absolute)
        {
            Add(table, relativeBase, sizeof(ulong));
        }
    }

    private static void Align(List<byte> table)
    {
        while (table.Count % sizeof(ulong) != 0)
        {
            table.Add(0);
        }
    }

    private static void Add(List<byte> table, ulong value, int bytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        table.AddRange(word[..bytes]);
    }
}
