using System.Text.RegularExpressions;
using System.Xml.Linq;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Reach;
using IommuSpy.Explorer.Report;
using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Tests;

/// <summary>The report that can be sent, of a machine that was built in code.</summary>
public sealed partial class ReportTests(BuiltMachine built) : IClassFixture<BuiltMachine>
{
    private const int Patience = 30000;
    private const string Markup = "\"><script>alert(1)</script><img src=x onerror=alert(1)>`|\u202e[a](http://b)";

    [Fact]
    public void A_page_has_every_part_and_no_script_and_asks_for_nothing_outside()
    {
        string page = Html(MachineReport.Of(built.Machine, redact: false));
        Assert.All(new[] { "memory", "map", "processes", "devices", "exposure", "image", "found" },
            part => Assert.Contains($"<section id=\"{part}\">", page, StringComparison.Ordinal));
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(Outside().Matches(page).Select(match => match.Value));
        Assert.Contains(built.Machine.Kernel.Facts.Release.Value, page, StringComparison.Ordinal);
        Assert.InRange(page.Length, 1, 2 << 20);
    }

    [Fact]
    public void A_process_whose_name_is_markup_is_shown_and_does_nothing()
    {
        Assert.InRange(built.Renamed, 1, int.MaxValue);
        string page = Html(MachineReport.Of(built.Machine, redact: false));
        Assert.DoesNotContain("<i onload", page, StringComparison.Ordinal);
        Assert.Contains("&lt;i onload=a()&gt;&amp;", page, StringComparison.Ordinal);

        // Every element that there is, is one of ours.
        string[] known =
        [
            "a", "article", "b", "body", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "head", "header", "html", "li", "main",
            "meta", "nav", "p", "path", "rect", "section", "small", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title",
            "tr", "ul",
        ];
        Assert.Empty(Element().Matches(page).Select(match => match.Groups["name"].Value).Distinct().Except(known));
    }

    [Fact]
    public void Text_of_any_kind_is_escaped_wherever_it_comes_from()
    {
        MachineReport report = MachineReport.Of(built.Machine, redact: false);
        ExposureFinding finding = new("rule", ExposureSeverity.High, Markup, Markup, [Markup], Markup, Markup,
            [new(Markup, new PhysicalAddress(0x1000), null, 4096, "rw")], 1, Markup, Markup);
        MachineReport hostile = report with
        {
            Info = report.Info with { Source = Markup, Hostname = Markup, CommandLine = Markup, Banner = Markup, Damage = [Markup], Disagreements = [Markup] },
            Exposure = Part.Of(new ExposureReport([finding], new DeviceCounts(1, 1, 0, 0, 0), [Markup])),
            Problems = [Markup],
        };
        string page = Html(hostile);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202e', page);
        Assert.True(page.Split("&lt;script&gt;").Length > 10, "what was foreign is not shown");

        string text = Markdown(hostile);
        Assert.DoesNotContain('\u202e', text);
        Assert.DoesNotContain("<script>", CodeSpan().Replace(text, ""), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http://", CodeSpan().Replace(text, ""), StringComparison.OrdinalIgnoreCase);
        Assert.All(text.Split('\n').Where(line => line.StartsWith('|')), line => Assert.DoesNotContain("alert(1)</script><img src=x onerror=alert(1)>`|", line,
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_redacted_report_has_neither_the_files_name_nor_command_lines()
    {
        MachineReport whole = MachineReport.Of(built.Machine, redact: false);
        MachineReport redacted = MachineReport.Of(built.Machine, redact: true);
        foreach (string text in new[] { Html(redacted), Markdown(redacted) })
        {
            Assert.DoesNotContain(Path.GetFileName(built.Path), text, StringComparison.Ordinal);
            Assert.Contains("left out", text, StringComparison.Ordinal);
            Assert.All(whole.Processes.Value!.SelectMany(process => process.Arguments ?? []).Where(word => word.Length > 6),
                word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
        }

        Assert.Contains(Path.GetFileName(built.Path), Html(whole), StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_are_well_formed_and_areas_are_amounts()
    {
        foreach (Match picture in Picture().Matches(Html(MachineReport.Of(built.Machine, redact: false))))
        {
            Assert.NotNull(XElement.Parse(picture.Value));
        }

        ulong[] amounts = [50, 30, 10, 5, 3, 1, 1];
        Box[] boxes = Treemap.Of(amounts, new(0, 0, 200, 100));
        for (int i = 0; i < boxes.Length; i++)
        {
            Assert.Equal(amounts[i] * 200.0, boxes[i].Width * boxes[i].Height, 6);
            Assert.InRange(boxes[i].X + boxes[i].Width, 0, 200.000001);
            Assert.InRange(boxes[i].Y + boxes[i].Height, 0, 100.000001);
            Assert.All(boxes[..i], other => Assert.True(Overlap(other, boxes[i]) < 1e-6));
        }
    }

    [Theory]
    [InlineData("a", "`a`")]
    [InlineData("a`b", "`` a`b ``")]
    [InlineData("```", "```` ``` ````")]
    [InlineData("a|b", "`a\\|b`")]
    [InlineData("a\nb", "`a\\012b`")]
    public void A_name_in_markdown_is_a_code_span_that_it_cannot_end(string name, string span)
    {
        MarkdownText text = $"{name:c}";
        Assert.Equal(span, text.ToString());
    }

    private static double Overlap(Box one, Box other) =>
        Math.Max(0, Math.Min(one.X + one.Width, other.X + other.Width) - Math.Max(one.X, other.X))
            * Math.Max(0, Math.Min(one.Y + one.Height, other.Y + other.Height) - Math.Max(one.Y, other.Y));

    private static string Html(MachineReport report)
    {
        using StringWriter writer = new();
        HtmlReport.Write(writer, report, "1.0");
        return writer.ToString();
    }

    private static string Markdown(MachineReport report)
    {
        using StringWriter writer = new();
        MarkdownReport.Write(writer, report, "1.0");
        return writer.ToString();
    }

    [GeneratedRegex("(?:src|href|url)\\s*[=(]\\s*[\"']?(?!#)[^\"')]+|https?://(?!www\\.w3\\.org/2000/svg)[^\"]*", RegexOptions.None, Patience)]
    private static partial Regex Outside();

    [GeneratedRegex("<(?<name>[a-zA-Z][a-zA-Z0-9]*)", RegexOptions.None, Patience)]
    private static partial Regex Element();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline, Patience)]
    private static partial Regex Picture();

    [GeneratedRegex("(?<![\\\\`])(?<fence>`+)(?!`).*?(?<!`)\\k<fence>(?!`)", RegexOptions.None, Patience)]
    private static partial Regex CodeSpan();
}
