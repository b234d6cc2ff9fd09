using IommuSpy.Analysis.Exposure;
using Evidence = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Exposure.ExposureEvidence>;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Exposure.ExposureFinding>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What the audit finds.</summary>
internal sealed class ExposureTable() : Table<ExposureFinding>(
    "exposure",
    "What devices can do that they should not be able to, the worst first.",
    Its.Text("rule", "The rule's name.", row => row.Rule),
    Its.Text("severity", "note, low, medium, high or critical.", row => Words<ExposureSeverity>.Of(row.Severity)),
    Its.Text("device", "The device; of several that share tables, one with a driver; null where it is about a unit.", row => row.Device),
    Its.Texts("devices", "All devices that it is about.", row => row.Devices),
    Its.Text("unit", "The IOMMU that it is about; null where it is about devices.", row => row.Unit),
    Its.Text("title", "The rule in a few words.", row => row.Title),
    Its.Text("message", "What was found.", row => row.Message),
    Its.Integer("evidenceCount", "How many pieces of evidence there are.", row => row.EvidenceCount),
    Its.Records("evidence", $"The first {ExposureReport.MostEvidence} of them.", row => row.Evidence,
        Evidence.Text("what", "What is there.", row => row.What),
        Evidence.Address("physical", "Where in memory.", row => row.Physical?.Value),
        Evidence.Address("iova", "At which address of the device.", row => row.Iova?.Value),
        Evidence.Bytes("bytes", "How much.", row => row.Bytes),
        Evidence.Text("rights", "What the device may do there.", row => row.Rights),
        Evidence.Address("virtual", "Where it is for the kernel or its process.", row => row.Virtual?.Value)),
    Its.Text("action", "What to do about it.", row => row.Action),
    Its.Text("help", "The page that says what it means.", row => row.Help))
{
    /// <summary>Only these findings.</summary>
    public static Filter<ExposureReport> Report { get; } = new("report", "The findings of an audit that was made already.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Report];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ExposureFinding> receive)
    {
        ExposureReport report = question.Find(Report) ?? ExposureReport.Of(question.Machine);
        question.Tell(report.Problems);
        foreach (ExposureFinding finding in report.Findings)
        {
            receive(finding);
        }
    }
}
