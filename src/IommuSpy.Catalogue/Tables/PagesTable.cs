using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.ListedPage>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A page, and what names its flags.</summary>
/// <param name="Page">The page.</param>
/// <param name="Names">The names of this kernel's page flags.</param>
internal readonly record struct ListedPage(PageRow Page, PageFlagNames Names);

/// <summary>Every page of physical memory.</summary>
internal sealed class PagesTable() : Table<ListedPage>(
    "pages",
    "Every page of physical memory: flags, counts, use, owner.",
    Its.Hex("pfn", "Page frame number.", row => row.Page.Frame.Number),
    Its.Texts("flags", "Its struct page's flags that are set, by this kernel's names.", row => row.Names.Of(row.Page.FlagsWord)),
    Its.Hex("kernelPageFlags", "The flags as /proc/kpageflags has them.", row => (ulong)row.Page.StableFlags),
    Its.Integer("references", "Its reference count.", row => row.Page.References),
    Its.Number("mappings", "How many page-table entries map it.", row => row.Page.Mappings),
    Its.Text("kind", "What it is used for.", row => Words<PageKind>.Of(row.Page.Kind)),
    Its.Text("owner", "Whose it is; null where that is not known.", row => row.Page.Owner))
{
    /// <summary>Only these page frames, the last included.</summary>
    public static Filter<(PageFrame First, PageFrame Last)> Range { get; } = new("range", "Only these page frames.");

    /// <summary>Only pages of a use.</summary>
    public static Filter<PageKind> Kind { get; } = new("kind", "Only pages of this use.", (_, text) => Words<PageKind>.Parse(text));

    /// <summary>Only the page of a frame number.</summary>
    private static readonly Filter<PageFrame> Pfn = new("pfn", "Only this page.",
        (_, text) => Analysis.AddressExpression.TryParseNumber(text, out ulong number) ? new PageFrame(number) : null);

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Range, Kind, Pfn];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ListedPage> receive)
    {
        (PageFrame first, PageFrame last) = question.Get(Range, (new(0), new(ulong.MaxValue >> PageFrame.Shift)));
        if (question.TryGet(Pfn, out PageFrame only))
        {
            first = only.Number > first.Number ? only : first;
            last = only.Number < last.Number ? only : last;
        }

        PageFlagNames names = question.Machine.Parts.Pages.Required.Flags;
        PagesQuery query = new(first, last, question.TryGet(Kind, out PageKind kind) ? kind : null);
        ulong unreadable = PageList.Visit(question.Machine, query, row => receive(new(row, names)));
        if (unreadable > 0)
        {
            question.Tell($"{unreadable} struct pages are not in the image: their pages are left out");
        }
    }

    /// <inheritdoc/>
    public override RowWriter<ListedPage> Text(TextForm form, Question question) => new Runs(form);

    /// <summary>A line for each run of neighbours that are alike.</summary>
    private sealed class Runs(TextForm form) : RowWriter<ListedPage>
    {
        private PageRow _first;
        private ulong _count;

        public override void Add(ListedPage row)
        {
            PageRow page = row.Page;
            bool alike = _count > 0 && page.Frame.Number == _first.Frame.Number + _count && page.Kind == _first.Kind && page.Owner == _first.Owner
                && page.StableFlags == _first.StableFlags
                && page.Mappings == _first.Mappings;
            if (alike)
            {
                _count++;
                return;
            }

            if (_count == 0)
            {
                form.Writer.WriteLine($"  {"pfn",-12}{"pages",8}  {StablePageFlagNames.Letters(StablePageFlags.None).Replace('_', ' ')}  {"mapped",6}  use");
            }

            Dispose();
            _first = page;
            _count = 1;
        }

        public override void Dispose()
        {
            if (_count > 0)
            {
                string owner = _first.Owner is null ? "" : $": {form.Printable(_first.Owner)}";
                form.Writer.WriteLine(
                    $"  {_first.Frame.ToString(),-12}{_count,8}  {StablePageFlagNames.Letters(_first.StableFlags)}  {_first.Mappings,6}  "
                        + $"{_first.Kind.Words()}{owner}");
            }
        }
    }
}
