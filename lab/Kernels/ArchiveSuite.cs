namespace IommuSpy.Lab.Kernels;

/// <summary>One suite of Debian's or Ubuntu's archive and the kernel series it is known to carry.</summary>
/// <param name="Series">Empty for the suites whose kernel moves on with development.</param>
internal sealed record ArchiveSuite(string Distribution, string Name, string Uri, params string[] Series)
{
    /// <summary>Ubuntu, whose archive keeps every kernel of the releases that it supports: older ones than Debian's.</summary>
    public const string Ubuntu = "Ubuntu";

    private const string Debian = "Debian";
    private const string DebianArchive = "http://deb.debian.org/debian";
    private const string UbuntuArchive = "http://archive.ubuntu.com/ubuntu";

    // The security suite's index is a twentieth of the main one's: where it has the kernel, it is asked first.
    private static readonly ArchiveSuite[] Known =
    [
        new(Debian, "bookworm-security", "http://deb.debian.org/debian-security", "6.1", "6.12"),
        new(Debian, "bookworm", DebianArchive, "6.1"),
        new(Debian, "trixie", DebianArchive, "6.12"),
        new(Debian, "bookworm-backports", DebianArchive, "6.12"),
        new(Debian, "bullseye", DebianArchive, "5.10"),
        new(Debian, "forky", DebianArchive),
        new(Debian, "sid", DebianArchive),
        new(Ubuntu, "xenial-updates", UbuntuArchive, "4.4"),
        new(Ubuntu, "bionic-updates", UbuntuArchive, "4.15", "4.18", "5.0", "5.3"),
        new(Ubuntu, "focal-updates", UbuntuArchive, "5.4", "5.8", "5.11", "5.13"),
        new(Ubuntu, "jammy-updates", UbuntuArchive, "5.15", "5.19", "6.2", "6.5"),
        new(Ubuntu, "noble-updates", UbuntuArchive),
    ];

    /// <summary>The suites to search for a kernel, the likeliest first.</summary>
    public static IEnumerable<ArchiveSuite> For(KernelName name)
    {
        ArchiveSuite[] suites = [.. Known.Where(suite => suite.Distribution == (name.IsUbuntu ? Ubuntu : Debian))];
        return suites.Where(suite => suite.Series.Contains(name.Series, StringComparer.Ordinal)).Concat(suites.Where(suite => suite.Series.Length == 0));
    }

    /// <summary>The suite in words.</summary>
    public override string ToString() => $"{Distribution} {Name}";
}
