using System.Text.RegularExpressions;
using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Kernels;

/// <summary>One suite of Debian's archive, at the places that the machine's own apt configuration names.</summary>
/// <param name="Name">As in dists/: "bookworm", "bookworm-security".</param>
/// <param name="Uri">Where the archive is; any method that apt has.</param>
internal sealed partial record ArchiveSuite(string Name, string Uri)
{
    private const string Security = "-security";

    // Which releases carry which series; the last two move on with development. Newer kernels of a release are in its backports and, where it is small and
    // asked first, its security suite.
    private static readonly (string Suite, string[] Series)[] Known =
    [
        ("bookworm-security", ["6.1", "6.12"]),
        ("bookworm", ["6.1"]),
        ("trixie-security", ["6.12"]),
        ("trixie", ["6.12"]),
        ("bookworm-backports", ["6.12"]),
        ("bullseye", ["5.10"]),
        ("bullseye-security", ["5.10", "6.1"]),
        ("forky", []),
        ("sid", []),
    ];

    /// <summary>The suites to search for a kernel, the likeliest first, each at every archive that might have it.</summary>
    /// <param name="configuration">What `apt-get update --print-uris` prints.</param>
    public static IReadOnlyList<ArchiveSuite> For(KernelName name, string configuration)
    {
        (string Uri, bool IsSecurity)[] archives =
            [.. IndexFile().Matches(configuration).Select(match => (match.Groups["uri"].Value, IsOfSecurity(match.Groups["suite"].Value))).Distinct()];
        string[] ordinary = [.. archives.Where(archive => !archive.IsSecurity).Select(archive => archive.Uri)];

        // A machine that names no security suite: its archive has it beside the ordinary one, under the name that Debian gives it.
        string[] security =
            [.. archives.Where(archive => archive.IsSecurity).Select(archive => archive.Uri).DefaultIfEmpty()
                .SelectMany(uri => uri is null ? ordinary.Select(BesideOrdinary) : [uri])];
        return
        [
            .. Known.Where(suite => suite.Series.Contains(name.Series, StringComparer.Ordinal))
                .Concat(Known.Where(suite => suite.Series.Length == 0))
                .SelectMany(suite => (IsOfSecurity(suite.Suite) ? security : ordinary).Select(uri => new ArchiveSuite(suite.Suite, uri))),
        ];
    }

    /// <summary>The same for this machine; apt reads its deb822 and one-line files, and needs no list to be fetched for this.</summary>
    /// <exception cref="LabException">apt names no archive with suites.</exception>
    public static IReadOnlyList<ArchiveSuite> For(KernelName name, CancellationToken cancellation)
    {
        IReadOnlyList<ArchiveSuite> suites = For(name, HostCommand.Run("apt-get", ["update", "--print-uris"], cancellation));
        return suites.Count > 0 ? suites
            : throw new LabException("this machine's apt names no Debian archive: kernels come from there, or from --kernel-files");
    }

    /// <summary>The suite in words.</summary>
    public override string ToString() => $"Debian {Name}";

    private static bool IsOfSecurity(string suite) =>
        suite.EndsWith(Security, StringComparison.Ordinal) || suite.EndsWith("/updates", StringComparison.Ordinal);

    private static string BesideOrdinary(string uri) => uri.TrimEnd('/') + Security;

    // 'METHOD:ARCHIVE/dists/SUITE/InRelease' FILE 0
    [GeneratedRegex(@"^'(?<uri>[^']+)/dists/(?<suite>[^']+)/InRelease'", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IndexFile();
}
