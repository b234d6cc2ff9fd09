using System.Text.Json;
using IommuSpy.Cli.Assistants;

namespace IommuSpy.Cli.Tests.Assistants;

/// <summary>How a call of a tool becomes a command line, and how an answer is cut.</summary>
public class CommandToolTests
{
    private static readonly IReadOnlyDictionary<string, CommandTool> Tools =
        CommandTool.Of(CommandTree.Build()).ToDictionary(tool => tool.Name, StringComparer.Ordinal);

    [Theory]
    [InlineData("info", "{}", "info|--json|--")]
    [InlineData("ps", """{"where":["comm=k*","pid>5"],"tree":true,"threads":false,"columns":"pid"}""",
        "ps|--jsonl|--tree|--columns=pid|--where=comm=k*|--where=pid>5|--")]
    [InlineData("vmas", """{"pid":172}""", "vmas|--jsonl|--|172")]
    [InlineData("who", """{"phys":["pfn:1","--help"],"columns":null}""", "who|--jsonl|--|pfn:1|--help")]
    [InlineData("explain", """{"addr":"init_task","device":"-x"}""", "explain|--json|--device=-x|--|init_task")]
    public void Parameters_are_options_and_then_words(string tool, string given, string words) =>
        Assert.Equal(words.Split('|'), Tools[tool].Words(Given(given), out _));

    [Theory]
    [InlineData("ps", """{"pid":1}""", "ps has no parameter 'pid'")]
    [InlineData("ps", """{"source":"/etc/passwd"}""", "ps has no parameter 'source'")]
    [InlineData("info", """{"rows":5}""", "info has no parameter 'rows'")]
    [InlineData("ps", """{"rows":10001}""", "rows is a number from 1 to 10000")]
    [InlineData("ps", """{"rows":1.5}""", "rows is a number from 1 to 10000")]
    [InlineData("ps", """{"tree":1}""", "tree is true or false")]
    [InlineData("ps", """{"where":[["a"]]}""", "where is a list of texts")]
    [InlineData("ps", """{"where":{"a":"b"}}""", "where is a text")]
    [InlineData("vmas", """{"pid":true}""", "pid is a text")]
    public void What_a_tool_has_not_is_refused(string tool, string given, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => Tools[tool].Words(Given(given), out _)).Message);

    [Fact]
    public void No_parameter_has_two_meanings_or_is_a_file()
    {
        foreach (CommandTool tool in Tools.Values)
        {
            // A name that is there twice would be refused here.
            JsonElement schema = tool.Describe().InputSchema;
            string[] names = [.. schema.GetProperty("properties").EnumerateObject().Select(property => property.Name)];
            Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
            Assert.DoesNotContain(names, name => name is "source" or "types" or "extract" or "parquet" or "patterns" or "stdin" or "force");
            Assert.All(schema.GetProperty("properties").EnumerateObject(), property =>
                Assert.NotEqual("", property.Value.GetProperty("description").GetString()));
        }
    }

    [Fact]
    public void An_answer_ends_at_its_last_row_or_at_the_last_whole_line()
    {
        using BoundedAnswer rows = new(mostBytes: 100, mostLines: 2);
        rows.Write("one\ntw"u8);
        rows.Write("o\n"u8);
        Assert.Equal((2, false), (rows.Lines, rows.IsCut));
        Assert.True(Assert.Throws<OutputException>(() => rows.Write("three\n"u8)).IsClosed);
        Assert.Equal("one\ntwo\n"u8, rows.Bytes);
        Assert.True(rows.IsCut);

        using BoundedAnswer bytes = new(mostBytes: 10);
        Assert.Throws<OutputException>(() => bytes.Write("one\ntwo\nthree\n"u8));
        Assert.Equal("one\ntwo\n"u8, bytes.Bytes);
        Assert.Throws<OutputException>(() => bytes.Write("x"u8));
        Assert.Equal("one\ntwo\n"u8, bytes.Bytes);
    }

    private static Dictionary<string, JsonElement> Given(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.Clone(), StringComparer.Ordinal);
    }
}
