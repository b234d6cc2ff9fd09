namespace IommuSpy.Lab.Host;

/// <summary>packages.txt: every program outside of the .NET SDK that the project calls, with the Debian package that has it.</summary>
internal static class HostPackages
{
    /// <summary>A line of it.</summary>
    /// <param name="Group">Who calls it: "build", "lab", "test"...</param>
    /// <param name="Called">Programs, or files by their whole path.</param>
    internal sealed record Line(string Group, string Package, IReadOnlyList<string> Called);

    /// <summary>All lines, in order.</summary>
    public static IReadOnlyList<Line> All => field ??= Parse(ReadEmbedded());

    internal static IReadOnlyList<Line> Parse(string text) =>
    [
        .. text.Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(words =>
                words.Length >= 3 ? new Line(words[0], words[1], words[2..])
                    : throw new LabException($"packages.txt: '{string.Join(' ', words)}' lacks a word")),
    ];

    private static string ReadEmbedded()
    {
        using Stream stream = typeof(HostPackages).Assembly.GetManifestResourceStream("packages.txt")
            ?? throw new LabException("packages.txt is not embedded in the lab");
        return new StreamReader(stream).ReadToEnd();
    }
}
