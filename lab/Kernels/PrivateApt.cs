using IommuSpy.Lab.Host;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Kernels;

/// <summary>
/// apt with a configuration of its own: it reads one suite, keeps its lists in the cache, knows no installed package and
/// touches nothing of the host's apt.
/// </summary>
internal sealed class PrivateApt : IDisposable
{
    private const string DebianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    private readonly string _directory;
    private readonly Dictionary<string, string> _environment;

    /// <param name="suite">The suite.</param>
    /// <param name="architecture">Whose packages.</param>
    /// <param name="parent">Where to keep it.</param>
    public PrivateApt(ArchiveSuite suite, GuestArchitecture architecture, string parent)
    {
        _directory = Path.Combine(parent, suite.Name);
        Directory.CreateDirectory(Path.Combine(_directory, "lists/partial"));
        Directory.CreateDirectory(Path.Combine(_directory, "cache/archives/partial"));
        Directory.CreateDirectory(Path.Combine(_directory, "none"));
        File.WriteAllText(Path.Combine(_directory, "status"), "");
        File.WriteAllText(Path.Combine(_directory, "sources.list"),
            $"deb [arch={architecture.Debian} signed-by={DebianKeyring}] {suite.Uri} {suite.Name} main\n");

        // How this machine reaches archives (proxies, certificates) is its own apt's to say.
        string access = string.Join('\n',
            HostCommand.Run("apt-config", ["dump", "Acquire"], CancellationToken.None).Split('\n')
                .Where(line => line.StartsWith("Acquire::", StringComparison.Ordinal)));

        // Valid-Until is not checked: mirrors lag, and the lab wants a kernel to look at, not the newest security state.
        string configuration = Path.Combine(_directory, "apt.conf");
        File.WriteAllText(configuration, $$"""
            {{access}}
            Dir "{{_directory}}";
            Dir::State "{{_directory}}";
            Dir::State::lists "{{_directory}}/lists";
            Dir::State::status "{{_directory}}/status";
            Dir::Cache "{{_directory}}/cache";
            Dir::Etc::main "{{_directory}}/none/main";
            Dir::Etc::parts "{{_directory}}/none";
            Dir::Etc::sourcelist "{{_directory}}/sources.list";
            Dir::Etc::sourceparts "{{_directory}}/none";
            Dir::Etc::preferences "{{_directory}}/none/preferences";
            Dir::Etc::preferencesparts "{{_directory}}/none";
            APT::Architecture "{{architecture.Debian}}";
            APT::Architectures { "{{architecture.Debian}}"; };
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Acquire::GzipIndexes "true";
            Acquire::Check-Valid-Until "false";
            Acquire::Retries "3";

            """);
        _environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["APT_CONFIG"] = configuration, ["LC_ALL"] = "C" };
    }

    /// <summary>Fetches the suite's index; a suite that has left the mirror, or no network, is a complaint and no exception.</summary>
    public bool TryUpdate(CancellationToken cancellation, out string complaint)
    {
        try
        {
            HostCommand.Run("apt-get", ["update", "-qq", "--error-on=any"], cancellation, _environment);
            complaint = "";
            return true;
        }
        catch (LabException error)
        {
            complaint = error.Message;
            return false;
        }
    }

    /// <summary>The names of packages that begin with something.</summary>
    public IReadOnlyList<string> Names(string prefix, CancellationToken cancellation) =>
        HostCommand.Run("apt-cache", ["pkgnames", prefix], cancellation, _environment).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The control fields of a package's newest version in the suite, or null if there is none.</summary>
    public DebianPackage? Find(string package, CancellationToken cancellation)
    {
        // `apt-cache show` fails for unknown names; `dumpavail` would print the whole suite.
        if (!Names(package, cancellation).Contains(package, StringComparer.Ordinal))
        {
            return null;
        }

        string control = HostCommand.Run("apt-cache", ["show", "--no-all-versions", package], cancellation, _environment);
        return control.Trim().Length == 0 ? null : DebianPackage.Parse(control);
    }

    /// <summary>Downloads packages, checked against the signed index, and returns their files.</summary>
    public IReadOnlyList<string> Download(IEnumerable<DebianPackage> packages, string directory, CancellationToken cancellation)
    {
        IEnumerable<string> versions = packages.Select(package => $"{package.Name}={package.Version}");
        HostCommand.Run("apt-get", ["download", "-qq", .. versions], cancellation, _environment, directory);
        return Directory.GetFiles(directory, "*.deb");
    }

    /// <summary>Forgets the suite's index, some tens of megabytes.</summary>
    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
