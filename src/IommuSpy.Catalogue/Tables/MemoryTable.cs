using System.Globalization;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.MemoryUse;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.MemoryUse.MemoryUseRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Where memory went.</summary>
internal sealed class MemoryTable() : Table<MemoryUseRow>(
    "memory",
    "Where memory went: every page that has a struct page, once, by use and owner; the parts together are the machine.",
    Its.Text("kind", "What it is used for, as in the table pages.", row => Words<PageKind>.Of(row.Kind)),
    Its.Text("part", "Whose: a file system, with --files a file; a slab cache; who asked vmalloc; the order of free blocks; a device.", row => row.Part),
    Its.Integer("node", "The NUMA node.", row => row.Node),
    Its.Text("zone", "The zone.", row => row.Zone),
    Its.Number("pages", "How many pages.", row => row.Pages, "pages of 4 KiB"),
    Its.Bytes("bytes", "The same in bytes.", row => row.Pages * PageFrame.Size))
{
    /// <summary>Each file is a part, rather than each file system.</summary>
    public static Filter<bool> Files { get; } = new("files", "Each file is a part, rather than each file system.");

    /// <summary>In text, zones are told apart.</summary>
    public static Filter<bool> Zones { get; } = new("zones", "In text, nodes and zones are told apart.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Files, Zones];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<MemoryUseRow> receive)
    {
        (IReadOnlyList<MemoryUseRow> rows, IReadOnlyList<string> problems) = MemoryUseList.Of(question.Machine, question.Get(Files, false));
        foreach (MemoryUseRow row in rows)
        {
            receive(row);
        }

        question.Tell(problems);
    }

    /// <inheritdoc/>
    public override RowWriter<MemoryUseRow> Text(TextForm form, Question question) => new Tree(form, question.Get(Zones, false));

    /// <summary>Each use with its sum, its parts below it.</summary>
    private sealed class Tree(TextForm form, bool zones) : RowWriter<MemoryUseRow>
    {
        private readonly List<MemoryUseRow> _rows = [];

        public override void Add(MemoryUseRow row) => _rows.Add(row);

        public override void Complete()
        {
            ulong all = _rows.Aggregate(0UL, (sum, row) => sum + row.Pages);
            AlignedText<(string Name, ulong Pages)> text = new(form,
            [
                new("used for", row => row.Name),
                new("size", row => Size.Text(row.Pages * PageFrame.Size), Right: true),
                new("", row => string.Create(CultureInfo.InvariantCulture, $"{100.0 * row.Pages / all:f1} %"), Right: true),
            ]);
            foreach (IGrouping<PageKind, MemoryUseRow> kind in _rows.GroupBy(row => row.Kind).OrderByDescending(Sum))
            {
                text.Add((kind.Key.Words(), Sum(kind)));
                IEnumerable<IGrouping<string?, MemoryUseRow>> parts = kind.GroupBy(Name, StringComparer.Ordinal);
                foreach (IGrouping<string?, MemoryUseRow> part in parts.Where(part => part.Key is not null).OrderByDescending(Sum))
                {
                    text.Add(($"  {part.Key}", Sum(part)));
                }
            }

            text.Add(("all of it", all));
            text.Complete();
            form.Writer.WriteLine();
            form.Writer.WriteLine("  (page by page: iommu-spy pages --kind KIND)");
        }

        public override void Dispose() => form.Writer.Flush();

        private static ulong Sum(IEnumerable<MemoryUseRow> rows) => rows.Aggregate(0UL, (sum, row) => sum + row.Pages);

        private string? Name(MemoryUseRow row) => !zones || row.Zone is null ? row.Part
            : string.Create(CultureInfo.InvariantCulture, $"{(row.Part is null ? "" : $"{row.Part}, ")}node {row.Node}, zone {row.Zone}");
    }
}
