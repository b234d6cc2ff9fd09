using System.Text.RegularExpressions;

namespace IommuSpy.Lab.Kernels;

/// <summary>A kernel as users name it: a series ("6.1") and one of Debian's flavours ("", "cloud", "rt").</summary>
internal sealed partial record KernelName(string Series, string Flavour)
{
    /// <summary>Names of metapackages that depend on the newest kernel of a flavour, the more particular one first.</summary>
    public IEnumerable<string> MetaPackages => [$"linux-image-{Series}-{FlavourPrefix}amd64", $"linux-image-{FlavourPrefix}amd64"];

    private string FlavourPrefix => Flavour.Length == 0 ? "" : Flavour + "-";

    public static KernelName Parse(string text)
    {
        Match match = Pattern().Match(text);
        return match.Success
            ? new KernelName(match.Groups["series"].Value, match.Groups["flavour"].Value)
            : throw new LabException($"'{text}' names no kernel: use a series and maybe a flavour, such as 6.1, 6.12-rt or 6.1-cloud");
    }

    /// <summary>Whether a package such as linux-image-6.1.0-56-amd64 is of this series.</summary>
    public bool Matches(string imagePackage) => imagePackage.StartsWith($"linux-image-{Series}.", StringComparison.Ordinal);

    public override string ToString() => Flavour.Length == 0 ? Series : $"{Series}-{Flavour}";

    [GeneratedRegex(@"^(?<series>\d+\.\d+)(-(?<flavour>cloud|rt))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
