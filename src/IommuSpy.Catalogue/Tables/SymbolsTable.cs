using System.Globalization;
using IommuSpy.Linux.Kallsyms;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.FoundSymbol>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A symbol, and how far behind it the address is that was asked for.</summary>
/// <param name="Symbol">The symbol.</param>
/// <param name="Offset">How far behind its start; null where no address was asked for.</param>
internal readonly record struct FoundSymbol(Symbol Symbol, ulong? Offset);

/// <summary>The kernel's symbol table, and each module's.</summary>
internal sealed class SymbolsTable() : Table<FoundSymbol>(
    "symbols",
    "The whole symbol table, as /proc/kallsyms has it: the kernel's, then each module's.",
    Its.Address("virtual", "Where it is.", row => row.Symbol.Address.Value),
    Its.Text("type", "The letter of nm(1): T for text, D for data; small ones for what is local to its file.", row => TypeOf(row.Symbol.Type)),
    Its.Text("name", "Its name.", row => row.Symbol.Name),
    Its.Text("module", "The module that it is of; null for the kernel's own.", row => row.Symbol.Module),
    Its.Hex("offset", "With --at, how far behind the symbol's start the address is.", row => row.Offset))
{
    private static readonly string[] Types = [.. Enumerable.Range(0, 128).Select(letter => ((char)letter).ToString())];

    /// <summary>Only what matches a glob.</summary>
    public static Filter<string> Pattern { get; } = new("name", "Only symbols of this name, or that match a glob with * and ?.", (_, text) => text);

    /// <summary>Only this one.</summary>
    public static Filter<FoundSymbol> Only { get; } = new("at", "Only the symbol at or before an address.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Pattern, Only];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<FoundSymbol> receive)
    {
        if (question.TryGet(Only, out FoundSymbol one))
        {
            receive(one);
            return;
        }

        string? glob = question.TryGet(Pattern, out string pattern) ? pattern : null;
        IEnumerable<Symbol> own = question.Machine.Symbols is not SymbolTable symbols ? [] : glob is null ? symbols : symbols.Match(glob);
        foreach (Symbol symbol in own.Concat((question.Machine.Parts.Modules.Value?.Modules ?? [])
            .SelectMany(module => glob is null ? module.Symbols : module.Symbols.Match(glob))))
        {
            receive(new(symbol, null));
        }
    }

    /// <inheritdoc/>
    public override RowWriter<FoundSymbol> Text(TextForm form, Question question) => new Lines(form);

    private static string TypeOf(char letter) => letter < Types.Length ? Types[letter] : letter.ToString();

    /// <summary>As /proc/kallsyms prints them.</summary>
    private sealed class Lines(TextForm form) : RowWriter<FoundSymbol>
    {
        public override void Add(FoundSymbol row)
        {
            string name = row.Offset is > 0 ? string.Create(CultureInfo.InvariantCulture, $"{row.Symbol.Name}+0x{row.Offset:x}") : row.Symbol.Name;
            string shown = form.Printable(name);
            string? module = row.Symbol.Module is string its ? form.Printable(its) : null;
            bool asItIs = ReferenceEquals(shown, row.Symbol.Name) && ReferenceEquals(module, row.Symbol.Module);
            form.Writer.WriteLine((asItIs ? row.Symbol : row.Symbol with { Name = shown, Module = module }).ToString());
        }

        public override void Dispose() => form.Writer.Flush();
    }
}
