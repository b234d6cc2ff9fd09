using System.Globalization;
using IommuSpy.Analysis.Types;
using IommuSpy.Linux.Types;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.FoundType>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A type, and what describes it.</summary>
/// <param name="Type">The type.</param>
/// <param name="Origin">What describes it.</param>
internal readonly record struct FoundType(KernelType Type, string Origin);

/// <summary>The kernel's types, and each module's own.</summary>
internal sealed class TypesTable() : Table<FoundType>(
    "types",
    "The names of the kernel's types.",
    Its.Text("name", "Its name, without struct, union or enum.", row => row.Type.Name),
    Its.Text("kind", "struct, union, enum, typedef or number.", row => TypeReport.KindOf(row.Type)),
    Its.Bytes("bytes", "sizeof; 0 for what is only declared.", row => row.Type.Bytes),
    Its.Text("origin", "What describes it.", row => row.Origin))
{
    private const string All = "*";

    /// <summary>Only names that match a glob.</summary>
    public static Filter<string> Pattern { get; } = new("name", "Only types of this name, or whose names match a glob with * and ?.", (_, text) => text);

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Pattern];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<FoundType> receive)
    {
        foreach ((KernelType type, string origin) in TypeFinder.Match(question.Machine, question.Get(Pattern, All)))
        {
            receive(new(type, origin));
        }
    }

    /// <inheritdoc/>
    public override RowWriter<FoundType> Text(TextForm form, Question question) => new Lines(form, question.Machine.Parts.Objects.Required.Types.Origin);

    private sealed class Lines(TextForm form, string origin) : RowWriter<FoundType>
    {
        public override void Add(FoundType row)
        {
            string bytes = row.Type.Bytes.ToString(CultureInfo.InvariantCulture);
            string from = ReferenceEquals(row.Origin, origin) ? "" : $"   ({row.Origin})";
            form.Writer.WriteLine($"{TypeReport.KindOf(row.Type),-7} {bytes,8}  {row.Type.Name}{from}");
        }

        public override void Dispose() => form.Writer.Flush();
    }
}
