using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Info;
using IommuSpy.Cli.Commands;
using IommuSpy.Cli.Json;
using IommuSpy.Explorer.Server;

namespace IommuSpy.Cli.Explore;

/// <summary>The answers that are no tables, for the explorer: what the commands of the same names answer, in the same JSON.</summary>
internal static class ServedReports
{
    /// <summary>Each of them.</summary>
    public static IReadOnlyList<ServedReport> All { get; } = [new("info", Info), new("explain", Explain), new("page", Page), new("sql", SqlReport.Write)];

    private static void Info(Machine machine, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        InfoReport report = InfoReport.Of(machine);
        Reports.Members(writer, report, ReportJson.Default.InfoReport);
        writer.WriteStartArray("facts"u8);
        foreach (InfoFact fact in report.Facts)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, fact.Name);
            writer.WriteString("value"u8, fact.Value);
            writer.WriteStartArray("sources"u8);
            foreach (string source in fact.Sources)
            {
                writer.WriteStringValue(source);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Explain(Machine machine, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        string at = parameters.Get("at");
        if (parameters.Find("device") is string name)
        {
            (Translation.Devices.RequesterId address, int? pasid) = DeviceArguments.Name(machine, name);
            MachineDevice device = DeviceArguments.Of(machine, address);
            Answers(writer, [IovaExplanation.Of(machine, device, Addresses.IoVirtual(at), pasid)], ReportJson.Default.IovaExplanation);
            return;
        }

        Memory.PhysicalAddress? root = parameters.Find("pid") is string pid ? RootOptions.OfProcess(machine, pid) : null;
        Answers(writer, ExplainCommand.Explain(machine, at, root), ReportJson.Default.Explanation);
    }

    private static void Page(Machine machine, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel) =>
        Answers(writer, PageCommand.Explained(machine, parameters.Get("at")), ReportJson.Default.PageReport);

    private static void Answers<T>(Utf8JsonWriter writer, IEnumerable<T> answers, JsonTypeInfo<T> type)
    {
        writer.WriteStartArray("answers"u8);
        foreach (T answer in answers)
        {
            JsonSerializer.Serialize(writer, answer, type);
        }

        writer.WriteEndArray();
    }
}
