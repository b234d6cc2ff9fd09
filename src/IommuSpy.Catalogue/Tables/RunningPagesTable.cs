using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.RunningPage>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A page of this machine as /proc tells of it.</summary>
/// <param name="Frame">The page frame.</param>
/// <param name="Flags">What /proc/kpageflags says.</param>
/// <param name="Mappings">What /proc/kpagecount says; null where there is none.</param>
internal readonly record struct RunningPage(PageFrame Frame, StablePageFlags Flags, ulong? Mappings);

/// <summary>Every page of this machine by /proc/kpageflags and kpagecount alone.</summary>
internal sealed class RunningPagesTable() : Table<RunningPage>(
    "running-pages",
    "Every page of this machine's memory by /proc/kpageflags and kpagecount alone.",
    Its.Hex("pfn", "Page frame number.", row => row.Frame.Number),
    Its.Hex("kernelPageFlags", "What /proc/kpageflags says.", row => (ulong)row.Flags),
    Its.Texts("flags", "The names of those flags.", row => StablePageFlagNames.Of(row.Flags)),
    Its.Number("mappings", "How many page-table entries map it, by /proc/kpagecount.", row => row.Mappings))
{
    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [PagesTable.Range];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<RunningPage> receive)
    {
        (PageFrame first, PageFrame last) = question.Get(PagesTable.Range, (new(0), new(ulong.MaxValue >> PageFrame.Shift)));
        using RunningPages pages = RunningPages.Open(RunningFiles.Here);
        pages.Visit(first, last, (frame, flags, mappings) => receive(new(frame, flags, mappings)));
    }

    /// <inheritdoc/>
    public override RowWriter<RunningPage> Text(TextForm form, Question question) => new Runs(form);

    /// <summary>A line for each run of neighbours that are alike.</summary>
    private sealed class Runs(TextForm form) : RowWriter<RunningPage>
    {
        private RunningPage _first;
        private ulong _count;

        public override void Add(RunningPage row)
        {
            if (_count > 0 && row.Frame.Number == _first.Frame.Number + _count && row.Flags == _first.Flags && row.Mappings == _first.Mappings)
            {
                _count++;
                return;
            }

            if (_count == 0)
            {
                form.Writer.WriteLine($"  {"pfn",-12}{"pages",8}  {StablePageFlagNames.Letters(StablePageFlags.None).Replace('_', ' ')}  {"mapped",6}  flags");
            }

            Dispose();
            (_first, _count) = (row, 1);
        }

        public override void Dispose()
        {
            if (_count > 0)
            {
                string mappings = _first.Mappings is ulong mapped ? $"{mapped}" : "-";
                form.Writer.WriteLine(
                    $"  {_first.Frame.ToString(),-12}{_count,8}  {StablePageFlagNames.Letters(_first.Flags)}  {mappings,6}  "
                        + $"{string.Join(',', StablePageFlagNames.Of(_first.Flags))}".TrimEnd());
            }
        }
    }
}
