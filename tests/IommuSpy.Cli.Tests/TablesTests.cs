using System.Text;
using System.Text.Json;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Tests;

/// <summary>Tables, and the forms in which they answer.</summary>
public sealed class TablesTests
{
    private static readonly Sizes Table = new();

    [Fact]
    public void The_page_of_tables_is_what_the_tables_say()
    {
        using StringWriter page = new() { NewLine = "\n" };
        TablesPage.Write(page);
        Golden.Holds("docs/tables.md", page.ToString());
    }

    [Fact]
    public void Every_table_has_columns_of_different_names()
    {
        Assert.All(AllTables.All, table =>
        {
            Assert.NotEmpty(table.Columns);
            Assert.Equal(table.Columns.Count, table.Columns.Select(column => column.Name).Distinct(StringComparer.Ordinal).Count());
            Assert.All(table.Columns, column => Assert.EndsWith(".", column.Sentence, StringComparison.Ordinal));
        });
        Assert.Equal(AllTables.All.OrderBy(table => table.Name, StringComparer.Ordinal).Select(table => table.Name), AllTables.All.Select(table => table.Name));
    }

    [Theory]
    [InlineData("name=b", "b")]
    [InlineData("name!=b", "a c")]
    [InlineData("name=*", "a b c")]
    [InlineData("bytes=2M", "b")]
    [InlineData("bytes>4096", "b")]
    [InlineData("bytes<=4K", "a")]
    [InlineData("bytes=", "c")]
    [InlineData("bytes!=4096", "b c")]
    [InlineData("at=0x1000", "a")]
    [InlineData("at=ffffffff81000000", "b")]
    [InlineData("flags=dirty", "a b")]
    [InlineData("flags!=dirty", "c")]
    [InlineData("flags~lo", "b")]
    [InlineData("flags=", "c")]
    public void A_condition_leaves_the_rows_that_meet_it(string condition, string names) => Assert.Equal(names, Names([condition], []));

    [Theory]
    [InlineData("bytes", "a b c")]
    [InlineData("bytes:desc", "b a c")]
    [InlineData("name:desc", "c b a")]
    public void Rows_are_sorted_and_what_is_not_known_is_last(string order, string names) => Assert.Equal(names, Names([], [order]));

    [Theory]
    [InlineData("nam=b", "did you mean name?")]
    [InlineData("bytes=many", "'many' is not a size")]
    [InlineData("name", "write COLUMN=VALUE")]
    [InlineData("flags<dirty", "of a list")]
    public void A_condition_that_makes_no_sense_is_refused(string condition, string why) =>
        Assert.Contains(why, Assert.Throws<QuestionException>(() => Names([condition], [])).Message, StringComparison.Ordinal);

    [Fact]
    public void Csv_quotes_what_would_break_it()
    {
        using StringWriter text = new() { NewLine = "\n" };
        using (CsvRows<Row> rows = new(text, Table.Columns))
        {
            rows.Add(new("say \"a, b\"", 1, 0x1000, ["x", "y"]));
            rows.Add(new("c", null, null, []));
        }

        Assert.Equal("name,bytes,at,flags\n\"say \"\"a, b\"\"\",1,0x0000000000001000,x y\nc,,,\n", text.ToString());
    }

    [Fact]
    public void Json_begins_with_the_version_and_ends_with_what_is_missing()
    {
        using MemoryStream output = new();
        using (JsonRows<Row> rows = new(output, "sizes", Table.Columns, lines: false, () => ["half of it"]))
        {
            rows.Add(new("a\"\n", ulong.MaxValue, ulong.MaxValue, ["x"]));
            rows.Complete();
        }

        Assert.Equal(
            "{\"version\":2,\"table\":\"sizes\",\"rows\":["
                + "{\"name\":\"a\\\"\\n\",\"bytes\":18446744073709551615,\"at\":\"0xffffffffffffffff\",\"flags\":[\"x\"]}],"
                + "\"problems\":[\"half of it\"]}\n",
            Encoding.UTF8.GetString(output.ToArray()));
        using JsonDocument document = JsonDocument.Parse(output.ToArray());
        Assert.Equal(JsonNames.Version, document.RootElement.GetProperty("version").GetInt32());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_answer_that_ends_early_has_its_rows_and_does_not_look_whole(int found)
    {
        using MemoryStream output = new();
        using StringWriter text = new() { NewLine = "\n" };
        using (JsonRows<Row> json = new(output, "sizes", Table.Columns, lines: false, () => []))
        using (CsvRows<Row> csv = new(text, Table.Columns))
        using (AlignedText<Row> aligned = AlignedText<Row>.Of(new(text, heading => heading, name => name), Table.Columns))
        {
            for (int i = 0; i < found; i++)
            {
                json.Add(new("a", 1, 2, []));
                csv.Add(new("a", 1, 2, []));
                aligned.Add(new("a", 1, 2, []));
            }
        }

        Assert.Equal(
            found == 0 ? "" : "name,bytes,at,flags\na,1,0x0000000000000002,\n  name  bytes  at                  flags\n  a         1  0x0000000000000002  -\n",
            text.ToString());
        Assert.Equal(found == 0, output.Length == 0);
        if (found > 0)
        {
            Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(output.ToArray()));
        }
    }

    [Fact]
    public void Text_lines_up_and_makes_names_harmless()
    {
        using StringWriter text = new() { NewLine = "\n" };
        using (AlignedText<Row> rows = AlignedText<Row>.Of(new(text, heading => heading, name => name.Replace('\e', '?')), Table.Columns))
        {
            rows.Add(new("a\e", 4096, 0x1000, ["x"]));
            rows.Add(new("longer", null, 0x10, []));
        }

        Assert.Equal(
            "  name    bytes  at                  flags\n  a?       4096  0x0000000000001000  x\n  longer      -  0x0000000000000010  -\n", text.ToString());
    }

    private static string Names(string[] conditions, string[] order)
    {
        List<string> names = [];
        new View([], [.. conditions.Select(Condition.Parse)], order).Of(Table).Rows(new(), row => names.Add(row.Name));
        return string.Join(' ', names);
    }

    private sealed record Row(string Name, ulong? Bytes, ulong? At, string[] Flags);

    private sealed class Sizes() : Table<Row>(
        "sizes",
        "Sizes.",
        Columns<Row>.Text("name", "A name.", row => row.Name),
        Columns<Row>.Bytes("bytes", "A size.", row => row.Bytes),
        Columns<Row>.Address("at", "An address.", row => row.At),
        Columns<Row>.Texts("flags", "Flags.", row => row.Flags))
    {
        public override void Rows(Question question, Action<Row> receive)
        {
            receive(new("a", 4096, 0x1000, ["dirty"]));
            receive(new("b", 2 << 20, 0xffffffff81000000, ["dirty", "locked"]));
            receive(new("c", null, null, []));
        }
    }
}
