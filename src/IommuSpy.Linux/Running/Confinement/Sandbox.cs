using System.Runtime.InteropServices;

namespace IommuSpy.Linux.Running.Confinement;

/// <summary>
/// Gives up what this process has no use for before it reads anything that somebody else has written: files are written only where its rights say
/// (<see cref="Landlock"/>), and no programs are run, no sockets opened, no other process or the kernel's own state touched (<see cref="SystemCallFilter"/>).
/// Nothing of that can be had back. What the kernel does not have is left out.
/// </summary>
public static partial class Sandbox
{
    private const int NoNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
    private const int CoreLimit = 4; // RLIMIT_CORE

    /// <summary>What this kernel has of it, as people read it: "Landlock ABI 7, system call filter"; empty for nothing.</summary>
    public static string Available => string.Join(", ", new[]
    {
        Landlock.Version is > 0 and int version ? $"Landlock ABI {version}" : null,
        SystemCallFilter.IsAvailable ? "system call filter" : null,
    }.OfType<string>());

    /// <summary>
    /// Confines this process. Files are confined for this thread and those that it or they start from now on: call it before there are others.
    /// </summary>
    /// <param name="rights">What it keeps.</param>
    /// <returns>Whether all of it is in force that the rights leave to be given up.</returns>
    public static bool TryEnter(SandboxRights rights)
    {
        ArgumentNullException.ThrowIfNull(rights);
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        // Memory of ours is memory that was read: no core dump keeps it.
        _ = SetLimit(CoreLimit, default);

        // Who may gain no privileges may confine itself.
        return TryGiveUpPrivileges() & (rights.ReadsProcesses || Landlock.TryRestrict(rights)) & SystemCallFilter.TryInstall(rights);
    }

    /// <summary>Of this thread and those that it starts.</summary>
    internal static bool TryGiveUpPrivileges() => Control(NoNewPrivileges, 1, 0, 0, 0) == 0;

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint one, nuint two, nuint three, nuint four);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    // struct rlimit
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(nuint Now, nuint Most);
}
