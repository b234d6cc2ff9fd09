namespace IommuSpy.Lab.Kernels;

/// <summary>One suite of the Debian archive and the kernel series it is known to carry.</summary>
/// <param name="Series">Empty for the suites whose kernel moves on with development.</param>
internal sealed record DebianSuite(string Name, string Uri, params string[] Series)
{
    private const string Archive = "http://deb.debian.org/debian";

    // The security suite's index is a twentieth of the main one's: where it has the kernel, it is asked first.
    private static readonly DebianSuite[] Known =
    [
        new("bookworm-security", "http://deb.debian.org/debian-security", "6.1", "6.12"),
        new("bookworm", Archive, "6.1"),
        new("trixie", Archive, "6.12"),
        new("bookworm-backports", Archive, "6.12"),
        new("bullseye", Archive, "5.10"),
        new("forky", Archive),
        new("sid", Archive),
    ];

    /// <summary>The suites to search for a series, the likeliest first.</summary>
    public static IEnumerable<DebianSuite> For(string series) =>
        Known.Where(suite => suite.Series.Contains(series, StringComparer.Ordinal)).Concat(Known.Where(suite => suite.Series.Length == 0));
}
