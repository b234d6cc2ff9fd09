using System.Text.RegularExpressions;

namespace IommuSpy.Analysis.Tests;

/// <summary>Which folder of the room uses which: read from the sources, since a method's body shows in no signature.</summary>
public sealed partial class FoldersTests
{
    private const string Top = "";

    [Fact]
    public void No_folder_uses_one_that_uses_it()
    {
        Dictionary<string, SortedSet<string>> uses = Uses();
        Assert.True(uses.Count > 20, $"only {uses.Count} folders were read");
        HashSet<string> settled = new(StringComparer.Ordinal);
        while (uses.Keys.FirstOrDefault(folder => !settled.Contains(folder) && uses[folder].IsSubsetOf(settled)) is string next)
        {
            settled.Add(next);
        }

        // What is left stands in a circle, or uses one.
        Assert.Empty(uses.Where(pair => !settled.Contains(pair.Key)).Select(pair => $"{pair.Key}: {string.Join(", ", pair.Value.Except(settled))}"));
    }

    private static Dictionary<string, SortedSet<string>> Uses()
    {
        string room = Room();
        List<(string Folder, string Text)> files =
        [
            .. Directory.EnumerateFiles(room, "*.cs", SearchOption.AllDirectories)
                .Select(path => (Parts: Path.GetRelativePath(room, path).Split('/'), Path: path))
                .Where(file => file.Parts[0] is not ("obj" or "bin"))
                .Select(file => (file.Parts.Length == 1 ? Top : file.Parts[0], File.ReadAllText(file.Path))),
        ];
        ILookup<string, string> homes = files.SelectMany(file => Declaration().Matches(file.Text).Select(match => (match.Groups["name"].Value, file.Folder)))
            .ToLookup(pair => pair.Value, pair => pair.Folder, StringComparer.Ordinal);
        Dictionary<string, SortedSet<string>> uses = new(StringComparer.Ordinal);
        foreach ((string folder, string text) in files)
        {
            SortedSet<string> its = uses.TryGetValue(folder, out SortedSet<string>? known) ? known : uses[folder] = new(StringComparer.Ordinal);
            HashSet<string> visible = [Top, .. Using().Matches(text).Select(match => match.Groups["folder"].Value)];
            foreach (Match word in Word().Matches(Comment().Replace(text, "")))
            {
                its.UnionWith(homes[word.Value].Contains(folder) ? [] : homes[word.Value].Where(visible.Contains));
            }
        }

        return uses;
    }

    private static string Room()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "IommuSpy.slnx")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory!.FullName, "src", "IommuSpy.Analysis");
    }

    [GeneratedRegex(@"^(?:public |internal )[a-z ]*?(?:record struct|record|class|struct|interface|enum) (?<name>\w+)",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline, 10_000)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^using IommuSpy\.Analysis\.(?<folder>\w+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 10_000)]
    private static partial Regex Using();

    [GeneratedRegex(@"//.*$|^using .*$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 10_000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b[A-Z]\w+\b", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Word();
}
