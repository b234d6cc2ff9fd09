using IommuSpy.Analysis.Wording;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.TranslatedAddress>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What became of an address.</summary>
/// <param name="Address">The address; null where the text is none.</param>
/// <param name="Physical">What it translates to; null where it does not.</param>
/// <param name="PageSize">Bytes of the page; null where there is none.</param>
/// <param name="Rights">What all levels together let through; null where there is no page.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
internal readonly record struct TranslatedAddress(ulong? Address, ulong? Physical, ulong? PageSize, string? Rights, string? Reason);

/// <summary>Translations by the thousand, a row an address, in their order: through a CPU's tables or a device's.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What its rows are.</param>
/// <param name="address">The column of the address.</param>
internal sealed class TranslationsTable(string name, string sentence, Column<TranslatedAddress> address) : Table<TranslatedAddress>(
    name,
    sentence,
    address,
    Its.Address("physical", "What it translates to; null where it does not.", row => row.Physical),
    Its.Bytes("pageSize", "Of the page; null where there is none.", row => row.PageSize),
    Its.Text("rights", "What all levels together let through; null where there is no page.", row => row.Rights),
    Its.Text("reason", "Why there is no physical address; null where there is one.", row => row.Reason))
{
    /// <summary>Virtual addresses.</summary>
    public static TranslationsTable OfCpu { get; } = new(
        "translate",
        "Translations of virtual addresses, a row each.",
        Its.Address("virtual", "The address; null where the text is none.", row => row.Address))
    {
        Command = "translate --stdin",
    };

    /// <summary>I/O virtual addresses of a device.</summary>
    public static TranslationsTable OfDevice { get; } = new(
        "translate-iova",
        "Translations of I/O virtual addresses of a device, a row each.",
        Its.Address("iova", "The address; null where the text is none.", row => row.Address))
    {
        Command = "translate --device BDF --stdin",
    };

    /// <summary>The translations that were asked for; they are told what to call before they wait for the next question.</summary>
    public static Filter<Func<Action, IEnumerable<TranslatedAddress>>> Translations { get; } = new("addresses", "These addresses.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Translations];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<TranslatedAddress> receive)
    {
        foreach (TranslatedAddress row in question.Get(Translations, _ => [])(question.Waits))
        {
            receive(row);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<TranslatedAddress> Text(TextForm form, Question question) => new Lines(form);

    private sealed class Lines(TextForm form) : RowWriter<TranslatedAddress>
    {
        public override void Add(TranslatedAddress row)
        {
            string address = row.Address is ulong known ? $"0x{known:x16}" : "-";
            form.Writer.WriteLine($"{address,-18}  {(row.Physical is ulong physical ? $"0x{physical:x16}" : Printable.Of(row.Reason!))}");
        }

        public override void Flush() => form.Writer.Flush();

        public override void Dispose() => form.Writer.Flush();
    }
}
