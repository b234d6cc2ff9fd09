using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Tests;

public sealed class ArchiveSuiteTests
{
    private const string WithSecurity = """
        'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 
        'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror.example_debian_dists_bookworm-updates_InRelease 0 
        'https://other.example/sec/dists/bookworm-security/InRelease' other.example_sec_dists_bookworm-security_InRelease 0 
        'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_debian_dists_bookworm_main_binary-amd64_Packages 0 
        """;

    [Fact]
    public void Suites_are_asked_at_the_archives_that_apt_names() => Assert.Equal(
        [
            new ArchiveSuite("bookworm-security", "https://other.example/sec"),
            new ArchiveSuite("bookworm", "http://mirror.example/debian"),
            new ArchiveSuite("bullseye-security", "https://other.example/sec"),
            new ArchiveSuite("forky", "http://mirror.example/debian"),
            new ArchiveSuite("sid", "http://mirror.example/debian"),
        ],
        ArchiveSuite.For(KernelName.Parse("6.1"), WithSecurity));

    [Fact]
    public void Without_a_security_suite_it_is_looked_for_beside_the_archive()
    {
        const string Plain = "'copy:/srv/debian/dists/trixie/InRelease' x 0\n";
        Assert.Contains(new ArchiveSuite("trixie-security", "copy:/srv/debian-security"), ArchiveSuite.For(KernelName.Parse("6.12"), Plain));
        Assert.Contains(new ArchiveSuite("bullseye", "copy:/srv/debian"), ArchiveSuite.For(KernelName.Parse("5.10"), Plain));
    }

    [Fact]
    public void Each_of_several_archives_is_asked()
    {
        const string Two = "'http://a.example/debian/dists/bookworm/InRelease' a 0\n'http://b.example/dists/stable/InRelease' b 0\n";
        Assert.Equal(["http://a.example/debian", "http://b.example"],
            ArchiveSuite.For(KernelName.Parse("5.10"), Two).Where(suite => suite.Name == "bullseye").Select(suite => suite.Uri));
    }

    [Fact]
    public void Without_an_archive_there_is_no_suite() => Assert.Empty(ArchiveSuite.For(KernelName.Parse("6.1"), "'http://flat.example/./InRelease' x 0\n"));
}
