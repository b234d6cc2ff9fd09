using IommuSpy.Analysis.Exposure;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Each rule has a page that says what it means, how an attacker uses it, and how to fix it.</summary>
public class RulePageTests
{
    public static TheoryData<string> Rules => [.. ExposureRules.All.Select(rule => rule.Id)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Every_rule_has_its_page(string rule)
    {
        string page = File.ReadAllText(Path.Combine(Pages(), rule + ".md"));
        Assert.StartsWith($"# {rule}: ", page, StringComparison.Ordinal);
        foreach (string part in new[] { "## What it means", "## How it is told", "## How an attacker uses it", "## How to fix it" })
        {
            Assert.Contains(part, page, StringComparison.Ordinal);
        }

        Assert.Contains($"[{rule}]({rule}.md)", File.ReadAllText(Path.Combine(Pages(), "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_page_has_its_rule() => Assert.Equal(
        ExposureRules.All.Select(rule => rule.Id).Order(StringComparer.Ordinal),
        Directory.GetFiles(Pages(), "*.md").Select(page => Path.GetFileNameWithoutExtension(page)!).Where(name => name != "README")
            .Order(StringComparer.Ordinal));

    private static string Pages()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "IommuSpy.slnx")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory!.FullName, "docs", "exposure");
    }
}
