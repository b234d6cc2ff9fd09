using IommuSpy.Analysis.Reach;
using IommuSpy.Linux.Tasks;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Reach.ProcessReachRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What of a process's memory devices get at.</summary>
internal sealed class ProcessReachTable() : Table<ProcessReachRow>(
    "reach-process",
    "What of a process's memory devices get at through tables, in order of its addresses.",
    Its.Address("virtual", "Where it begins in the process.", row => row.Virtual.Value),
    Its.Bytes("bytes", "How much.", row => row.Bytes),
    Its.Address("physical", "Where it begins in memory.", row => row.Physical.Value),
    Its.Text("device", "The device.", row => row.Device),
    Its.Text("driver", "Its driver.", row => row.Driver),
    Its.Integer("pasid", "With requests of this PASID; null for those without.", row => row.Pasid),
    Its.Address("iova", "Where it begins for the device.", row => row.Iova.Value),
    Its.Text("rights", "What the device may do: rw, r or w.", row => row.Rights))
{
    /// <summary>Of which process; without it there are no rows.</summary>
    public static Filter<KernelTask> Process { get; } = new("pid", "Of this process.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Process];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ProcessReachRow> receive)
    {
        if (!question.TryGet(Process, out KernelTask process))
        {
            return;
        }

        ProcessReachReport report = ProcessReachReport.Of(question.Machine, process);
        question.Tell(report.Unrestricted.Select(device => $"{device.Device} reaches all memory ({device.Mode}): it has no rows"));
        question.Tell(report.IsCut ? ["there are more rows than are named"] : []);
        question.Tell(report.IsWhole ? [] : ["page tables are missing from the image, or too many: there may be more rows"]);
        foreach (ProcessReachRow row in report.Rows)
        {
            receive(row);
        }
    }
}
