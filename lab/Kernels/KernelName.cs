using System.Globalization;
using System.Text.RegularExpressions;

namespace IommuSpy.Lab.Kernels;

/// <summary>A kernel as users name it: a series ("6.1") and one of Debian's flavours ("", "cloud", "rt"), or "ubuntu" for Ubuntu's generic one.</summary>
internal sealed partial record KernelName(string Series, string Flavour)
{
    /// <summary>Whether it is Ubuntu's.</summary>
    public bool IsUbuntu => Flavour == "ubuntu";

    /// <summary>Names of metapackages that depend on the newest kernel of a flavour, the more particular one first.</summary>
    public IEnumerable<string> MetaPackages => [$"linux-image-{Series}-{FlavourPrefix}amd64", $"linux-image-{FlavourPrefix}amd64"];

    private string FlavourPrefix => Flavour.Length == 0 ? "" : Flavour + "-";

    public static KernelName Parse(string text)
    {
        Match match = Pattern().Match(text);
        return match.Success
            ? new KernelName(match.Groups["series"].Value, match.Groups["flavour"].Value)
            : throw new LabException($"'{text}' names no kernel: use a series and maybe a flavour, such as 6.1, 6.12-rt, 6.1-cloud or 4.4-ubuntu");
    }

    /// <summary>The newest of Ubuntu's packages of this series, or null. Their metapackages have moved on.</summary>
    public string? NewestOf(IEnumerable<string> packages) => packages
        .Select(package => UbuntuImage().Match(package))
        .Where(match => match.Success && match.Groups["series"].Value == Series)
        .MaxBy(match => int.Parse(match.Groups["build"].Value, CultureInfo.InvariantCulture))?.Value;

    /// <summary>Whether a package such as linux-image-6.1.0-56-amd64 is of this series.</summary>
    public bool Matches(string imagePackage) => imagePackage.StartsWith($"linux-image-{Series}.", StringComparison.Ordinal);

    public override string ToString() => Flavour.Length == 0 ? Series : $"{Series}-{Flavour}";

    [GeneratedRegex(@"^(?<series>\d+\.\d+)(-(?<flavour>cloud|rt|ubuntu))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"^linux-image-(unsigned-)?(?<series>\d+\.\d+)\.\d+-(?<build>\d+)-generic$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UbuntuImage();
}
