namespace IommuSpy.Lab.Kernels;

/// <summary>The control fields of a Debian package that matter here.</summary>
/// <param name="Depends">Names only; of alternatives, the first.</param>
internal sealed record DebianPackage(string Name, string Version, IReadOnlyList<string> Depends)
{
    public static DebianPackage Parse(string control)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in control.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line[0] != ' ')
            {
                fields.TryAdd(line[..colon], line[(colon + 1)..].Trim());
            }
        }

        string[] depends = [.. fields.GetValueOrDefault("Depends", "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(dependency => dependency.Split([' ', '(', '|', ':'], 2)[0])];
        return new DebianPackage(fields["Package"], fields["Version"], depends);
    }
}
