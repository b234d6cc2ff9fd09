using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Sarif;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Tests;

/// <summary>The names in JSON: one thing has one name and one form, in every table and every report (docs/json.md).</summary>
public sealed class VocabularyTests
{
    /// <summary>Names that were in use once, or that say less than the one there is.</summary>
    private static readonly string[] Retired = ["bdf", "address", "length", "size", "iommuGroup", "rootTable", "tableRoot", "first", "wouldFault"];

    /// <summary>What a name of the vocabulary has to be in a report.</summary>
    private static readonly Dictionary<string, Type> Types = new(StringComparer.Ordinal)
    {
        ["virtual"] = typeof(VirtualAddress),
        ["physical"] = typeof(PhysicalAddress),
        ["iova"] = typeof(IoVirtualAddress),
        ["gpa"] = typeof(PhysicalAddress),
        ["root"] = typeof(PhysicalAddress),
        ["entryAddress"] = typeof(PhysicalAddress),
        ["pfn"] = typeof(PageFrame),
        ["offset"] = typeof(HexValue),
        ["device"] = typeof(string),
        ["rights"] = typeof(string),
        ["comm"] = typeof(string),
        ["pid"] = typeof(int),
    };

    /// <summary>The same in a table.</summary>
    private static readonly Dictionary<string, ColumnType> ColumnTypes = new(StringComparer.Ordinal)
    {
        ["virtual"] = ColumnType.Address,
        ["physical"] = ColumnType.Address,
        ["iova"] = ColumnType.Address,
        ["gpa"] = ColumnType.Address,
        ["root"] = ColumnType.Address,
        ["entryAddress"] = ColumnType.Address,
        ["pfn"] = ColumnType.Hex,
        ["offset"] = ColumnType.Hex,
        ["device"] = ColumnType.Text,
        ["rights"] = ColumnType.Text,
        ["comm"] = ColumnType.Text,
        ["pid"] = ColumnType.Integer,
    };

    [Fact]
    public void Every_member_of_every_report_is_called_and_written_as_the_vocabulary_has_it()
    {
        JsonTypeInfo[] reports = [.. Described().Where(type => type.Kind == JsonTypeInfoKind.Object && !IsOfSarif(type.Type))];
        Assert.True(reports.Length > 40, $"only {reports.Length} records are described");
        List<string> wrong = [];
        foreach (JsonTypeInfo report in reports)
        {
            foreach (JsonPropertyInfo member in report.Properties.Where(member => member.Get is not null))
            {
                Type type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
                bool isOther = Types.TryGetValue(member.Name, out Type? must) && type != must;
                if (isOther || Retired.Contains(member.Name, StringComparer.Ordinal))
                {
                    wrong.Add($"{report.Type.Name}.{member.Name}: {type.Name}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_column_of_every_table_is_called_and_written_as_the_vocabulary_has_it()
    {
        List<string> wrong = [];
        foreach (Table table in AllTables.All)
        {
            foreach (Column column in table.Columns.Concat(table.Columns.SelectMany(column => column.Inner)))
            {
                bool isOther = ColumnTypes.TryGetValue(column.Name, out ColumnType must) && column.Type != must;
                bool isSize = column.Name.EndsWith("ytes", StringComparison.Ordinal) && column.Unit != "bytes";
                if (isOther || isSize || Retired.Contains(column.Name, StringComparer.Ordinal))
                {
                    wrong.Add($"{table.Name}.{column.Name}: {column.Type} {column.Unit}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static IEnumerable<JsonTypeInfo> Described() => typeof(ReportJson).GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.PropertyType.IsAssignableTo(typeof(JsonTypeInfo))).Select(property => (JsonTypeInfo)property.GetValue(ReportJson.Default)!);

    // SARIF's names are others' (sarif-schema-2.1.0).
    private static bool IsOfSarif(Type type) => type.Namespace == typeof(SarifLog).Namespace;
}
