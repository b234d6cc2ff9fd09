using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Host;

/// <summary>The programs of the host that the lab needs, installed with apt-get where they are missing.</summary>
internal static class HostTools
{
    private const string Group = "lab";

    /// <summary>Installs what is missing, saying so first.</summary>
    /// <param name="guests">Of the guests.</param>
    /// <param name="say">Receives the line.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static void Ensure(GuestArchitecture guests, Action<string> say, CancellationToken cancellation)
    {
        string[] missing =
        [
            .. HostPackages.All
                .Where(line => (line.Group == Group || line.Group == guests.PackageGroup) && !line.Called.All(IsThere))
                .Select(line => line.Package),
        ];
        if (missing.Length == 0)
        {
            return;
        }

        string list = string.Join(' ', missing);
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal))
        {
            throw new LabException($"these Debian packages are missing: install them with: sudo apt-get install {list}");
        }

        if (HostCommand.Find("apt-get") is null)
        {
            throw new LabException($"the lab needs a Debian host with apt-get, or these installed by other means: {list}");
        }

        say($"installing Debian packages: {list}");
        var quiet = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEBIAN_FRONTEND"] = "noninteractive" };
        HostCommand.Run("apt-get", ["update", "-qq"], cancellation, quiet);
        HostCommand.Run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", .. missing], cancellation, quiet);
    }

    /// <summary>The full path of a program that <see cref="Ensure"/> has seen to.</summary>
    public static string PathOf(string program) => HostCommand.Find(program) ?? throw new LabException($"{program} is not installed");

    private static bool IsThere(string file) => file.StartsWith('/') ? File.Exists(file) : HostCommand.Find(file) is not null;
}
