using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>
/// Lays out a small kernel image with a symbol table in any form that some kernel uses. Follows the description in scripts/kallsyms.c, but with a
/// compressor of its own: any choice of tokens decodes to the same names.
/// </summary>
public sealed class KallsymsImageBuilder
{
    private const int TableOffset = 0x20000;
    private const int BannerOffset = 0x18040;
    private const int CallsOffset = 0x19000;
    private const int Calls = 64;
    private readonly Dictionary<string, int> _sections = new(StringComparer.Ordinal);
    private readonly List<byte> _table = [];

    public KallsymsOrder Order { get; init; } = KallsymsOrder.AddressesFirst;

    public AddressRule Rule { get; init; } = AddressRule.AbsolutePercpu;

    public int MarkerSize { get; init; } = 4;

    public SequencesPlace Sequences { get; init; } = SequencesPlace.None;

    /// <summary>8 before 7.0, 4 since.</summary>
    public int Alignment { get; init; } = 8;

    /// <summary>Bytes before the table, beyond 128 KiB.</summary>
    public int Shift { get; init; }

    /// <summary>No token is a single digit, so that "0", "1", ... "9" do not stand in a row.</summary>
    public bool MergeDigits { get; init; }

    /// <summary>Some names take more than 127 tokens, with the length in two bytes.</summary>
    public bool LongNames { get; init; }

    /// <summary>Per-CPU symbols at 0, as absolute ones; the three rules before 7.0 can express them, base-relative cannot.</summary>
    public bool Percpu { get; init; }

    /// <summary>Functions only, as without CONFIG_KALLSYMS_ALL.</summary>
    public bool FunctionsOnly { get; init; }

    /// <summary>An absolute symbol among the others that KASLR has not moved along.</summary>
    public bool UnmovedAbsolute { get; init; }

    public int Functions { get; init; } = 3000;

    public ulong Start { get; init; } = 0xffffffff_97a00000;

    public BuiltImage Build()
    {
        List<Symbol> symbols = MakeSymbols();
        string[] tokens = MakeTokens();
        var names = new List<byte>();
        var markers = new List<int>();
        for (int i = 0; i < symbols.Count; i++)
        {
            if (i % 256 == 0)
            {
                markers.Add(names.Count);
            }

            byte[] codes = Compress(symbols[i].Type + symbols[i].Name, tokens);
            if (codes.Length < 0x80)
            {
                names.Add((byte)codes.Length);
            }
            else
            {
                names.Add((byte)(0x80 | (codes.Length & 0x7f)));
                names.Add((byte)(codes.Length >> 7));
            }

            names.AddRange(codes);
        }

        if (Order == KallsymsOrder.AddressesFirst)
        {
            AddAddresses(symbols);
        }

        Section("num_syms");
        AddInteger((ulong)symbols.Count, MarkerSize);
        Section("names");
        _table.AddRange(names);
        Section("markers");
        foreach (int marker in markers)
        {
            AddInteger((ulong)marker, MarkerSize);
        }

        AddSequences(SequencesPlace.AfterMarkers, symbols);
        Section("token_table");
        var starts = new List<int>();
        int tableStart = _table.Count;
        foreach (string token in tokens)
        {
            starts.Add(_table.Count - tableStart);
            _table.AddRange(Encoding.Latin1.GetBytes(token));
            _table.Add(0);
        }

        Section("token_index");
        foreach (int start in starts)
        {
            AddInteger((ulong)start, 2);
        }

        AddSequences(SequencesPlace.AfterTokenIndex, symbols);
        if (Order == KallsymsOrder.AddressesLast)
        {
            AddAddresses(symbols);
            AddSequences(SequencesPlace.AfterAddresses, symbols);
        }

        Section("end");
        var image = new byte[TableOffset + Shift + _table.Count + 0x8000];
        new Random(1).NextBytes(image);
        _sections["banner"] = BannerOffset;
        Encoding.ASCII.GetBytes("Linux version 6.1.0 (builder) #1 SMP\n\0").CopyTo(image, BannerOffset);
        for (int i = 0; i < Calls; i++)
        {
            VirtualAddress call = symbols.Where(s => s.Type == 'T').ElementAt(3 + (5 * i)).Address;
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(CallsOffset + (i * sizeof(ulong))), call.Value);
        }

        _sections["calls"] = CallsOffset;
        _table.CopyTo(image, TableOffset + Shift);
        return new BuiltImage(image, new VirtualAddress(Start), symbols, _sections);
    }

    private List<Symbol> MakeSymbols()
    {
        var random = new Random(2);
        var symbols = new List<Symbol>();
        if (Percpu)
        {
            symbols.Add(new Symbol(new VirtualAddress(0), 'A', "fixed_percpu_data"));
            symbols.Add(new Symbol(new VirtualAddress(0), 'A', "__per_cpu_start"));
            symbols.Add(new Symbol(new VirtualAddress(0x1000), 'A', "cpu_debug_store"));
            symbols.Add(new Symbol(new VirtualAddress(0x35000), 'A', "__per_cpu_end"));
        }

        symbols.Add(new Symbol(new VirtualAddress(Start), 'T', "_text"));
        symbols.Add(new Symbol(new VirtualAddress(Start), 'T', "_stext"));
        ulong address = Start + 0x40;
        for (int i = 0; i < Functions; i++)
        {
            // Pairs of digits only, so that MergeDigits can do without single ones.
            string name = (i % 7) switch
            {
                0 => $"sys_call_{i % 100:d2}_{i / 100:d2}",
                1 => "init_once",
                2 => $"__pfx_driver.part.{i / 100:d2}{i % 100:d2}",
                3 => $"amd_iommu_{(i * 37) % 100:d2}{i / 100:d2}_map",
                _ => $"{(char)('a' + (i % 26))}unction_{i / 100:d2}{i % 100:d2}",
            };
            if (LongNames && i % 500 == 3)
            {
                name = string.Concat(Enumerable.Range(0, i / 12).Select(k => (char)('A' + ((k * 7) % 26)))) + name;
            }

            symbols.Add(new Symbol(new VirtualAddress(address), i % 3 == 0 ? 'T' : 't', name));
            address += (ulong)random.Next(0, 32);
            if (UnmovedAbsolute && i == 1500)
            {
                symbols.Add(new Symbol(new VirtualAddress(0xffffffff_81000000), 'A', "unmoved"));
            }
        }

        if (!FunctionsOnly)
        {
            symbols.Add(new Symbol(new VirtualAddress(Start + BannerOffset), 'D', "linux_banner"));
            symbols.Add(new Symbol(new VirtualAddress(Start + CallsOffset), 'd', "sys_call_table"));
            symbols.Add(new Symbol(new VirtualAddress(Start + 0x1f000), 'd', "init_task"));
            symbols.Add(new Symbol(new VirtualAddress(Start + 0x2000000), 'B', "_end"));
        }

        return symbols;
    }

    private string[] MakeTokens()
    {
        var tokens = new string?[256];
        const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.";
        foreach (char c in Letters)
        {
            tokens[c] = c.ToString();
        }

        if (!MergeDigits)
        {
            foreach (char c in "0123456789")
            {
                tokens[c] = c.ToString();
            }
        }

        IEnumerable<string> more = ["init_", "tsys_", "driver", "unction_", "iommu_", "__pfx_", "a_token_longer_than_one_vector"];
        more = more.Concat(Enumerable.Range(0, 100).Select(i => $"{i:d2}"));
        more = more.Concat(Letters.Select(c => $"{c}{c}{c}"));
        using IEnumerator<string> next = more.GetEnumerator();
        for (int code = 0; code < tokens.Length; code++)
        {
            tokens[code] ??= next.MoveNext() ? next.Current : $"unused#{code}";
        }

        return tokens!;
    }

    /// <summary>The longest token that fits, again and again.</summary>
    private static byte[] Compress(string text, string[] tokens)
    {
        var codes = new List<byte>();
        for (int position = 0; position < text.Length;)
        {
            int best = -1;
            for (int code = 0; code < tokens.Length; code++)
            {
                if (string.CompareOrdinal(text, position, tokens[code], 0, tokens[code].Length) == 0 && (best < 0 || tokens[code].Length > tokens[best].Length))
                {
                    best = code;
                }
            }

            if (best < 0)
            {
                throw new InvalidOperationException($"no token for '{text[position]}' of {text}");
            }

            codes.Add((byte)best);
            position += tokens[best].Length;
        }

        return [.. codes];
    }

    private void AddAddresses(List<Symbol> symbols)
    {
        if (Rule == AddressRule.Absolute)
        {
            Section("addresses");
            foreach (Symbol symbol in symbols)
            {
                AddInteger(symbol.Address.Value, 8);
            }

            return;
        }

        Section("offsets");
        foreach (Symbol symbol in symbols)
        {
            ulong value = symbol.Address.Value;
            ulong here = Start + (ulong)(TableOffset + Shift + _table.Count);
            AddInteger(
                Rule switch
                {
                    AddressRule.BaseRelative => value - Start,
                    AddressRule.AbsolutePercpu => symbol.Type == 'A' ? value : Start - 1 - value,
                    _ => value - here,
                },
                4);
        }

        if (Rule != AddressRule.PlaceRelative)
        {
            Section("relative_base");
            AddInteger(Start, 8);
        }
    }

    private void AddSequences(SequencesPlace place, List<Symbol> symbols)
    {
        if (place != Sequences)
        {
            return;
        }

        Section("seqs_of_names");
        foreach ((Symbol _, int i) in symbols.Select((s, i) => (s, i)).OrderBy(p => p.s.Name, StringComparer.Ordinal))
        {
            _table.Add((byte)(i >> 16));
            _table.Add((byte)(i >> 8));
            _table.Add((byte)i);
        }
    }

    private void Section(string name)
    {
        while (_table.Count % Alignment != 0)
        {
            _table.Add(0);
        }

        _sections[name] = TableOffset + Shift + _table.Count;
    }

    private void AddInteger(ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _table.AddRange(bytes[..size]);
    }
}
