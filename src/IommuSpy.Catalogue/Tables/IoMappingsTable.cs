using IommuSpy.Analysis.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Iommu.IoMapping>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Of what a device maps, the part that is asked for.</summary>
/// <param name="View">The device.</param>
/// <param name="First">First address.</param>
/// <param name="Last">Last address, inclusive.</param>
/// <param name="Rights">Only what has all of these.</param>
/// <param name="SingleLeaves">Each entry by itself.</param>
internal sealed record IoMapsQuery(DeviceView View, IoVirtualAddress First, IoVirtualAddress Last, AccessRights Rights, bool SingleLeaves);

/// <summary>What a device can reach through its tables.</summary>
internal sealed class IoMappingsTable() : Table<IoMapping>(
    "maps-iova",
    "What a device can reach through its tables: runs that are contiguous in physical memory, or with --leaves each entry by itself.",
    Its.Address("iova", "First address.", row => row.Address.Value),
    Its.Bytes("bytes", "How much.", row => row.Length),
    Its.Address("physical", "Where the first byte is in physical memory.", row => row.Physical.Value),
    Its.Bytes("pageSize", "That each entry maps.", row => row.PageSize),
    Its.Text("rights", "What the device may do.", row => DeviceTranslationReport.Letters(row.Rights)))
{
    /// <summary>Of which device, and which part.</summary>
    public static Filter<IoMapsQuery> Query { get; } = new("query", "What this device maps, in a range, with rights.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Query];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<IoMapping> receive)
    {
        if (question.TryGet(Query, out IoMapsQuery query))
        {
            WalkSummary summary = IoMapping.Visit(query.View, query.First, query.Last, query.Rights, query.SingleLeaves, receive);
            MappingsTable.Tell(question, summary);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<IoMapping> Text(TextForm form, Question question) =>
        question.TryGet(Query, out IoMapsQuery query) ? new Lines(form, query.View) : base.Text(form, question);

    private sealed class Lines(TextForm form, DeviceView view) : RowWriter<IoMapping>
    {
        private bool _headed;

        public override void Add(IoMapping row)
        {
            if (!_headed)
            {
                _headed = true;
                form.Writer.WriteLine($"{"I/O virtual, first to last byte",-33}  {"size",9}  {"page",5}  may  physical");
                form.Writer.WriteLine($"--- {view.Description}: {view.Path}");
            }

            form.Writer.WriteLine(
                $"{row.Address.Value:x16}-{row.Address.Value + (row.Length - 1):x16}  {Size.Text(row.Length),9}  "
                    + $"{Size.Text(row.PageSize),5}  {DeviceTranslationReport.Letters(row.Rights),-3}  {row.Physical.Value:x16}");
        }

        public override void Dispose() => form.Writer.Flush();
    }
}
