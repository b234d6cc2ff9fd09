using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Kernels;

/// <summary>The key of Ubuntu's archive. It comes out of that archive; its fingerprint is known.</summary>
internal static class UbuntuKeyring
{
    private const string Package = "ubuntu-keyring";
    private const string InPackage = "usr/share/keyrings/ubuntu-archive-keyring.gpg";

    // Ubuntu Archive Automatic Signing Key (2018) and (2012); older suites are signed with the older one too.
    private static readonly string[] Fingerprints = ["F6ECB3762474EDA9D21B7022871920D1991BC93C", "790BC7277767219C42C86F933B4FE6ACC0B21F32"];

    /// <summary>A keyring with those keys alone.</summary>
    /// <exception cref="LabException">The archive is not to be had, or its keyring lacks them.</exception>
    public static string Ensure(ArchiveSuite suite, Action<string> say, CancellationToken cancellation)
    {
        string keyring = Path.Combine(LabDirectories.Apt, "ubuntu-archive.gpg");
        if (File.Exists(keyring))
        {
            return keyring;
        }

        say($"fetching the key of {suite}, to compare its fingerprint with the one that is known");
        string scratch = Directory.CreateTempSubdirectory("lab-keyring-").FullName;
        try
        {
            using var apt = PrivateApt.Unchecked(suite, LabDirectories.Apt);
            if (!apt.TryUpdate(cancellation, out string complaint))
            {
                throw new LabException($"{suite} is not to be had: {complaint}");
            }

            DebianPackage package = apt.Find(Package, cancellation) ?? throw new LabException($"{suite} has no package {Package}");
            HostCommand.Run("dpkg-deb", ["-x", apt.Download([package], scratch, cancellation)[0], scratch], cancellation);
            string home = Directory.CreateDirectory(Path.Combine(scratch, "gpg"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
            string exported = Path.Combine(scratch, "exported.gpg");
            HostCommand.Run(
                HostTools.PathOf("gpg"),
                ["--homedir", home, "--batch", "--quiet", "--no-default-keyring", "--keyring", Path.Combine(scratch, InPackage), "--output", exported, "--export", .. Fingerprints],
                cancellation);
            if (!File.Exists(exported))
            {
                throw new LabException($"the keyring of {suite} has none of the keys that are known");
            }

            File.Move(exported, keyring, overwrite: true);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }

        return keyring;
    }
}
