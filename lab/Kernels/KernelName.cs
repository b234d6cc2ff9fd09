using System.Text.RegularExpressions;

namespace IommuSpy.Lab.Kernels;

/// <summary>
/// A kernel as users name it: a series ("6.1") and one of Debian's flavours ("", "cloud", "rt"), or a directory with the files of any kernel.
/// </summary>
/// <param name="Files">The directory; null for Debian's.</param>
internal sealed partial record KernelName(string Series, string Flavour, KernelFiles? Files = null)
{
    /// <summary>What <see cref="CaptureSpec.Kernel"/> begins with where it names a directory.</summary>
    public const string FilesPrefix = "files:";

    /// <summary>Names of metapackages that depend on the newest kernel of a flavour, the more particular one first.</summary>
    public IEnumerable<string> MetaPackages => [$"linux-image-{Series}-{FlavourPrefix}amd64", $"linux-image-{FlavourPrefix}amd64"];

    private string FlavourPrefix => Flavour.Length == 0 ? "" : Flavour + "-";

    public static KernelName Parse(string text)
    {
        if (text.StartsWith(FilesPrefix, StringComparison.Ordinal))
        {
            var files = KernelFiles.In(text[FilesPrefix.Length..]);
            return new KernelName(files.Release, "", files);
        }

        Match match = Pattern().Match(text);
        return match.Success
            ? new KernelName(match.Groups["series"].Value, match.Groups["flavour"].Value)
            : throw new LabException($"'{text}' names no kernel: use a series and maybe a flavour, such as 6.1, 6.12-rt or 6.1-cloud");
    }

    /// <summary>Whether a package such as linux-image-6.1.0-56-amd64 is of this series.</summary>
    public bool Matches(string imagePackage) => imagePackage.StartsWith($"linux-image-{Series}.", StringComparison.Ordinal);

    /// <summary>The name of its directory in the cache.</summary>
    public override string ToString() => Files is { } files ? $"{files.Release}-{files.Identity}" : Flavour.Length == 0 ? Series : $"{Series}-{Flavour}";

    [GeneratedRegex(@"^(?<series>\d+\.\d+)(-(?<flavour>cloud|rt))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
