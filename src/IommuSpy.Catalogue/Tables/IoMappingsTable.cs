using IommuSpy.Analysis.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.DeviceMapping>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Of what a device maps, the part that is asked for.</summary>
/// <param name="View">The device.</param>
/// <param name="First">First address.</param>
/// <param name="Last">Last address, inclusive.</param>
/// <param name="Rights">Only what has all of these.</param>
/// <param name="SingleLeaves">Each entry by itself.</param>
internal sealed record IoMapsQuery(DeviceView View, IoVirtualAddress First, IoVirtualAddress Last, AccessRights Rights, bool SingleLeaves);

/// <summary>What a device maps.</summary>
/// <param name="Device">The device, and the PASID that it is about.</param>
/// <param name="Mapping">The mapping.</param>
internal readonly record struct DeviceMapping(DeviceName Device, IoMapping Mapping);

/// <summary>What devices can reach through their tables.</summary>
internal sealed class IoMappingsTable() : Table<DeviceMapping>(
    "maps-iova",
    "What devices can reach through their tables: runs that are contiguous in physical memory, or with --leaves each entry by itself.",
    Its.Address("iova", "First address.", row => row.Mapping.Address.Value),
    Its.Bytes("bytes", "How much.", row => row.Mapping.Length),
    Its.Address("physical", "Where the first byte is in physical memory.", row => row.Mapping.Physical.Value),
    Its.Bytes("pageSize", "That each entry maps.", row => row.Mapping.PageSize),
    Its.Text("rights", "What the device may do.", row => DeviceTranslationReport.Letters(row.Mapping.Rights)),
    Its.Text("device", "The device; devices that share tables each have their own rows.", row => row.Device.Requester.ToString()),
    Its.Integer("pasid", "The PASID that its requests carry; null for requests without one.", row => row.Device.Pasid))
{
    /// <summary>Of which device, and which part.</summary>
    public static Filter<IoMapsQuery> Query { get; } = new("query", "What this device maps, in a range, with rights; without it, what every device maps.");

    /// <summary>Of every device, each entry by itself.</summary>
    public static Filter<bool> Leaves { get; } = new("leaves", "Of every device, each entry by itself.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Query, Leaves];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<DeviceMapping> receive)
    {
        IEnumerable<IoMapsQuery> queries = question.Find(Query) is IoMapsQuery one ? [one] : EveryDevice(question.Machine, question.Get(Leaves, false));
        foreach (IoMapsQuery query in queries)
        {
            WalkSummary summary = IoMapping.Visit(query.View, query.First, query.Last, query.Rights, query.SingleLeaves,
                mapping => receive(new(query.View.Name, mapping)));
            MappingsTable.Tell(question, summary);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<DeviceMapping> Text(TextForm form, Question question) =>
        question.TryGet(Query, out IoMapsQuery query) ? new Lines(form, query.View) : base.Text(form, question);

    private static IEnumerable<IoMapsQuery> EveryDevice(Analysis.Machine machine, bool singleLeaves) =>
        from device in machine.Devices.Devices
        from context in device.Contexts
        where context.Space is not null
        select new IoMapsQuery(new(new(context.Requester, context.Pasid), device.Function, device.Unit, context), new(0), new(ulong.MaxValue),
            AccessRights.None, singleLeaves);

    private sealed class Lines(TextForm form, DeviceView view) : RowWriter<DeviceMapping>
    {
        private bool _headed;

        public override void Add(DeviceMapping device)
        {
            IoMapping row = device.Mapping;
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
