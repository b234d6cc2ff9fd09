using IommuSpy.Analysis.Running;

using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Running.ProcessAddressReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Where addresses of a process of this machine are in memory, by /proc alone.</summary>
internal sealed class Va2paTable() : Table<ProcessAddressReport>(
    "va2pa",
    "Where addresses of a process of this machine are in physical memory, by its /proc/PID/pagemap.",
    Its.Integer("pid", "The process.", row => row.Pid),
    Its.Address("virtual", "The address.", row => row.Virtual.Value),
    Its.Address("physical", "Its physical address; null where it is not in memory, and where this user is not shown it.", row => row.Physical?.Value),
    Its.Flag("present", "Whether its page is in memory.", row => row.Present),
    Its.Integer("swapType", "Where it is swapped out: the number of the device.", row => row.SwapType),
    Its.Number("swapOffset", "Where it is on that device.", row => row.SwapOffset, "pages"),
    Its.Flag("softDirty", "Whether it was written since that was last cleared.", row => row.SoftDirty),
    Its.Flag("exclusive", "Whether no other maps it; null before 4.2.", row => row.Exclusive),
    Its.Flag("fileOrShared", "Whether it is a file's or shared, rather than anonymous.", row => row.FileOrShared),
    Its.Address("areaStart", "First address of the area that holds it; null where nothing is mapped.", row => row.AreaStart?.Value),
    Its.Address("areaEnd", "The address after the area's last.", row => row.AreaEnd?.Value),
    Its.Text("rights", "The area's, as /proc/PID/maps prints them.", row => row.Rights),
    Its.Text("path", "What is mapped there; null where it has no name.", row => row.Path),
    Its.Text("reason", "Why there is no physical address; null where there is one.", row => row.Reason))
{
    /// <summary>The answers to the addresses that were asked for.</summary>
    public static Filter<IReadOnlyList<ProcessAddressReport>> Answers { get; } = new("addresses", "These addresses of a process.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Answers];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ProcessAddressReport> receive)
    {
        foreach (ProcessAddressReport row in question.Get(Answers, []))
        {
            receive(row);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<ProcessAddressReport> Text(TextForm form, Question question) => new Lines(form);

    private sealed class Lines(TextForm form) : RowWriter<ProcessAddressReport>
    {
        public override void Add(ProcessAddressReport row)
        {
            List<string> marks = [];
            if (row.Physical is { } physical)
            {
                marks.Add($"pfn {physical.Frame}");
            }

            if (row.Rights is not null)
            {
                marks.Add($"{row.Rights} {(row.Path is null ? row.FileOrShared ? "shared" : "anonymous" : form.Printable(row.Path))}");
            }

            marks.AddRange(row.Exclusive == true ? ["exclusive"] : []);
            marks.AddRange(row.SoftDirty ? ["soft-dirty"] : []);
            form.Writer.WriteLine($"{row.Virtual}  {row.Physical?.ToString() ?? row.Reason}  {string.Join(", ", marks)}".TrimEnd());
        }

        public override void Dispose() => form.Writer.Flush();
    }
}
