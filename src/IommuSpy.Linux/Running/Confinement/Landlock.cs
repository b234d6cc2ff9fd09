using System.Runtime.InteropServices;
using IommuSpy.Memory;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Running.Confinement;

/// <summary>
/// Landlock (Documentation/userspace-api/landlock.rst, since 5.13): a process lays down what it and those that it starts may still do with files and with TCP.
/// Reading stays free: what an image is, and what lies beside it, is found out by reading.
/// </summary>
internal static unsafe partial class Landlock
{
    // include/uapi/linux/landlock.h
    private const nint AskVersion = 1; // LANDLOCK_CREATE_RULESET_VERSION
    private const int PathBeneath = 1; // LANDLOCK_RULE_PATH_BENEATH
    private const ulong Execute = 1UL << 0;
    private const ulong WriteFile = 1UL << 1;
    private const ulong RemoveDirectory = 1UL << 4;
    private const ulong RemoveFile = 1UL << 5;
    private const ulong MakeAll = 0x7fUL << 6; // character device to symbolic link
    private const ulong Refer = 1UL << 13; // ABI 2
    private const ulong Truncate = 1UL << 14; // ABI 3
    private const ulong BindTcp = 1; // ABI 4
    private const ulong ConnectTcp = 2;
    private const ulong ControlDevice = 1UL << 15; // ABI 5

    // What every program opens for writing: nothing that is kept. And the terminal's settings.
    private static readonly string[] Devices = ["/dev/null", "/dev/tty", "/dev/pts"];

    // The same numbers on all architectures.
    private const nint CreateRuleset = 444;
    private const nint AddRule = 445;
    private const nint RestrictSelf = 446;

    /// <summary>Which version of its interface the running kernel has; 0 or less for none.</summary>
    public static int Version => (int)Call(CreateRuleset, 0, 0, AskVersion, 0);

    /// <summary>Confines this thread and those that it starts; false where the kernel does not do it.</summary>
    public static bool TryRestrict(SandboxRights rights)
    {
        int version = Version;
        if (version <= 0)
        {
            return false;
        }

        ulong changes = WriteFile | RemoveDirectory | RemoveFile | MakeAll | (version >= 2 ? Refer : 0) | (version >= 3 ? Truncate : 0);
        ulong device = version >= 5 ? ControlDevice : 0;
        Ruleset ruleset = new(changes | device | (rights.Starts ? 0 : Execute), (rights.Serves ? 0 : BindTcp) | (rights.Connects ? 0 : ConnectTcp));
        int descriptor = (int)Call(CreateRuleset, (nint)(&ruleset), version >= 4 ? sizeof(Ruleset) : sizeof(ulong), 0, 0);
        if (descriptor < 0)
        {
            return false;
        }

        try
        {
            foreach (string folder in rights.Writes)
            {
                Allow(descriptor, folder, changes);
            }

            foreach (string terminal in Devices)
            {
                Allow(descriptor, terminal, WriteFile | (version >= 3 ? Truncate : 0) | device);
            }

            return Call(RestrictSelf, descriptor, 0, 0, 0) == 0;
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    // A file takes only what a file can have; what is not there needs no rule.
    private static void Allow(int ruleset, string path, ulong access)
    {
        using SafeFileHandle? place = Opener.Place(path);
        if (place is null)
        {
            return;
        }

        const ulong OfFiles = WriteFile | Truncate | ControlDevice;
        Beneath rule = new(Directory.Exists(path) ? access : access & OfFiles, (int)place.DangerousGetHandle());
        _ = Call(AddRule, ruleset, PathBeneath, (nint)(&rule), 0);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint one, nint two, nint three, nint four);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    // struct landlock_ruleset_attr: as much of it as the version has.
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Ruleset(ulong Files, ulong Network);

    // struct landlock_path_beneath_attr, which is packed.
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly record struct Beneath(ulong Access, int Parent);
}
