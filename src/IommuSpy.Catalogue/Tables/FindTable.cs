using System.Globalization;
using System.Text;
using IommuSpy.Analysis.Find;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Find.FoundBytes>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Places in memory where patterns match.</summary>
internal sealed class FindTable() : Table<FoundBytes>(
    "find",
    "Every place in memory where a pattern matches, in order of address.",
    Its.Address("physical", "Where the first byte is in physical memory.", row => row.Physical.Value),
    Its.Address("virtual", "Where it is in the addresses that were searched; of a search of physical memory, in the kernel's direct map.",
        row => row.Virtual?.Value),
    Its.Integer("pid", "The process whose addresses were searched.", row => row.Pid),
    Its.Text("pattern", "The pattern, as it was asked for.", row => row.Pattern),
    Its.Bytes("bytes", "How many bytes match.", row => row.Bytes),
    Its.Text("content", "The first 32 of them, in hexadecimal.", row => Convert.ToHexStringLower(row.Content.Span)),
    Its.Text("use", "What the page is used for, and whose it is; null where nothing describes struct page.", row => row.Use),
    Its.Text("symbol", "The symbol at or before it.", row => row.Symbol),
    Its.Text("object", "Of a slab, whether the object is live, where it begins, and how far into it the match is.", row => row.Object),
    Its.Texts("processes", "Up to eight addresses at which processes map it, each behind the pid.", row => row.Processes))
{
    /// <summary>What is searched for, and where.</summary>
    public static Filter<FindQuery> Query { get; } = new("query", "What is searched for, and where.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Query];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<FoundBytes> receive) =>
        question.Tell(FindList.Read(question.Machine, question.Find(Query) ?? throw new QuestionException("find: say what to search for"), receive));

    /// <inheritdoc/>
    public override RowWriter<FoundBytes> Text(TextForm form, Question question)
    {
        FindQuery? query = question.Find(Query);
        bool several = query?.Patterns.Patterns.Count > 1;
        TextColumn<FoundBytes>[] pattern = several ? [new("pattern", row => row.Pattern)] : [];
        return new AlignedText<FoundBytes>(form,
        [
            new("physical", row => row.Physical.ToString()),
            new("virtual", row => row.Virtual?.ToString() ?? "-"),
            .. pattern,
            new("match", row => Shown(row.Content.Span)),
            new("what", row => string.Join("; ", new[] { row.Symbol, row.Object, row.Use, Mapped(row) }.OfType<string>())),
        ])
        {
            HeadsNothing = false,
            Closing = new Sum(),
        };
    }

    private static string? Mapped(FoundBytes row) => row.Processes.Count == 0 ? null : $"mapped by {string.Join(", ", row.Processes)}";

    // What reads as text is shown so, and all else as numbers.
    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        const int Most = 16;
        string more = bytes.Length > Most ? "..." : "";
        bytes = bytes[..Math.Min(bytes.Length, Most)];
        return bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? Convert.ToHexStringLower(bytes) + more : $"\"{Encoding.ASCII.GetString(bytes)}\"{more}";
    }

    private sealed class Sum : Closing<FoundBytes>
    {
        private ulong _count;
        private FoundBytes? _last;

        public override void Add(FoundBytes row)
        {
            _count++;
            _last = row;
        }

        public override string Line()
        {
            string count = _count == 1 ? "1 match" : string.Create(CultureInfo.InvariantCulture, $"{_count:N0} matches");
            return _last is null ? "no match" : $"{count}   (who maps a page: iommu-spy who phys:{_last.Physical})";
        }
    }
}
