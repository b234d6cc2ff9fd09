using System.Text.RegularExpressions;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Kernels;

/// <summary>
/// A kernel as users name it: a series ("6.1"), one of Debian's flavours ("", "cloud", "rt") and where it is not this machine's the architecture ("6.1-arm64"),
/// or a directory with the files of any kernel.
/// </summary>
/// <param name="Files">The directory; null for Debian's.</param>
internal sealed partial record KernelName(string Series, string Flavour, GuestArchitecture Architecture, KernelFiles? Files = null)
{
    /// <summary>What <see cref="CaptureSpec.Kernel"/> begins with where it names a directory.</summary>
    public const string FilesPrefix = "files:";

    /// <summary>Names of metapackages that depend on the newest kernel of a flavour, the more particular one first.</summary>
    public IEnumerable<string> MetaPackages =>
        [$"linux-image-{Series}-{FlavourPrefix}{Architecture.Debian}", $"linux-image-{FlavourPrefix}{Architecture.Debian}"];

    private string FlavourPrefix => Flavour.Length == 0 ? "" : Flavour + "-";

    public static KernelName Parse(string text)
    {
        if (text.StartsWith(FilesPrefix, StringComparison.Ordinal))
        {
            var files = KernelFiles.In(text[FilesPrefix.Length..]);
            return new KernelName(files.Release, "", GuestArchitecture.X64, files);
        }

        Match match = Pattern().Match(text);
        return match.Success
            ? new KernelName(
                match.Groups["series"].Value, match.Groups["flavour"].Value,
                match.Groups["architecture"].Success ? GuestArchitecture.Arm64 : GuestArchitecture.X64)
            : throw new LabException($"'{text}' names no kernel: use a series and maybe a flavour and an architecture, "
                + "such as 6.1, 6.12-rt, 6.1-cloud or 6.1-arm64");
    }

    /// <summary>Whether a package such as linux-image-6.1.0-56-amd64 is of this series.</summary>
    public bool Matches(string imagePackage) => imagePackage.StartsWith($"linux-image-{Series}.", StringComparison.Ordinal);

    /// <summary>The name of its directory in the cache.</summary>
    public override string ToString() => Files is { } files ? $"{files.Release}-{files.Identity}"
        : $"{Series}{(Flavour.Length == 0 ? "" : "-")}{Flavour}{(Architecture.IsHost ? "" : $"-{Architecture.Debian}")}";

    [GeneratedRegex(@"^(?<series>\d+\.\d+)(-(?<flavour>cloud|rt))?(-(?<architecture>arm64))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
