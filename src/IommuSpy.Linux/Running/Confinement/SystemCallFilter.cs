using System.Runtime.InteropServices;
using Processor = System.Runtime.InteropServices.Architecture;

namespace IommuSpy.Linux.Running.Confinement;

/// <summary>
/// A filter of system calls (seccomp, Documentation/userspace-api/seccomp_filter.rst) over all threads of this process: what nobody needs who reads memory
/// images fails with EPERM. It names what is refused, not what is allowed, so that tomorrow's runtime and C library still work.
/// </summary>
internal static unsafe partial class SystemCallFilter
{
    // include/uapi/linux/seccomp.h
    private const nint SetModeFilter = 1;
    private const nint GetActionAvailable = 2;
    private const nint AllThreads = 1; // SECCOMP_FILTER_FLAG_TSYNC
    private const uint Permit = 0x7fff_0000;
    private const uint Fail = 0x0005_0000;
    private const uint NotPermitted = 1; // EPERM

    // struct seccomp_data: the call's number, then the architecture (include/uapi/linux/audit.h).
    private const uint NumberAt = 0;
    private const uint ArchitectureAt = 4;
    private const uint X64Calls = 0xc000_003e;
    private const uint Arm64Calls = 0xc000_00b7;

    // On x86-64 numbers from here on are x32's: other names of the same calls.
    private const uint OtherNames = 0x4000_0000;

    // Classic BPF (include/uapi/linux/bpf_common.h).
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfNotLess = 0x35;
    private const ushort Return = 0x06;

    // A call that an architecture has not.
    private const uint None = uint.MaxValue;

    // arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
    private static readonly Refused[] Always =
    [
        new("acct", 163, 89),
        new("add_key", 248, 217),
        new("bpf", 321, 280),
        new("chmod", 90, None),
        new("chown", 92, None),
        new("chroot", 161, 51),
        new("clock_adjtime", 305, 266),
        new("clock_settime", 227, 112),
        new("delete_module", 176, 106),
        new("fchmod", 91, 52),
        new("fchmodat", 268, 53),
        new("fchown", 93, 55),
        new("fchownat", 260, 54),
        new("finit_module", 313, 273),
        new("fremovexattr", 199, 16),
        new("fsconfig", 431, 431),
        new("fsmount", 432, 432),
        new("fsopen", 430, 430),
        new("fsetxattr", 190, 7),
        new("init_module", 175, 105),
        new("io_uring_enter", 426, 426),
        new("io_uring_register", 427, 427),
        new("io_uring_setup", 425, 425),
        new("ioperm", 173, None),
        new("iopl", 172, None),
        new("kexec_file_load", 320, 294),
        new("kexec_load", 246, 104),
        new("keyctl", 250, 219),
        new("lchown", 94, None),
        new("lremovexattr", 198, 15),
        new("lsetxattr", 189, 6),
        new("mknod", 133, None),
        new("mknodat", 259, 33),
        new("mount", 165, 40),
        new("mount_setattr", 442, 442),
        new("move_mount", 429, 429),
        new("open_by_handle_at", 304, 265),
        new("open_tree", 428, 428),
        new("perf_event_open", 298, 241),
        new("pidfd_getfd", 438, 438),
        new("pivot_root", 155, 41),
        new("process_vm_readv", 310, 270),
        new("process_vm_writev", 311, 271),
        new("ptrace", 101, 117),
        new("quotactl", 179, 60),
        new("reboot", 169, 142),
        new("removexattr", 197, 14),
        new("request_key", 249, 218),
        new("setdomainname", 171, 162),
        new("sethostname", 170, 161),
        new("setns", 308, 268),
        new("settimeofday", 164, 170),
        new("setxattr", 188, 5),
        new("swapoff", 168, 225),
        new("swapon", 167, 224),
        new("umount2", 166, 39),
        new("unshare", 272, 97),
        new("userfaultfd", 323, 282),
    ];

    private static readonly Refused[] ToOpenSockets = [new("socket", 41, 198)];

    private static readonly Refused[] ToConnect = [new("connect", 42, 203)];

    private static readonly Refused[] ToServe = [new("bind", 49, 200), new("listen", 50, 201)];

    private static readonly Refused[] ToStart = [new("execve", 59, 221), new("execveat", 322, 281)];

    /// <summary>Whether the running kernel filters system calls so.</summary>
    public static bool IsAvailable
    {
        get
        {
            uint action = Fail;
            return SeccompCall is nint call && Call(call, GetActionAvailable, 0, (nint)(&action)) == 0;
        }
    }

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Processor.X64;

    private static nint? SeccompCall => RuntimeInformation.ProcessArchitecture switch
    {
        Processor.X64 => 317,
        Processor.Arm64 => 277,
        _ => null,
    };

    /// <summary>Puts the filter over all threads; false where the kernel does not do it.</summary>
    public static bool TryInstall(SandboxRights rights)
    {
        if (SeccompCall is not nint call)
        {
            return false;
        }

        Instruction[] instructions = Program(RefusedTo(rights), IsX64);
        fixed (Instruction* first = instructions)
        {
            FilterProgram program = new((ushort)instructions.Length, (nint)first);
            return Call(call, SetModeFilter, AllThreads, (nint)(&program)) == 0;
        }
    }

    /// <summary>What is refused to whoever has these rights.</summary>
    internal static IReadOnlyList<Refused> RefusedTo(SandboxRights rights) =>
    [
        .. Always, .. rights.Connects || rights.Serves ? [] : ToOpenSockets, .. rights.Connects ? [] : ToConnect, .. rights.Serves ? [] : ToServe,
        .. rights.Starts ? [] : ToStart,
    ];

    /// <summary>The filter that refuses calls.</summary>
    /// <param name="refused">Which: at most 250, as a jump leads no further than 255 instructions on.</param>
    /// <param name="x64">For x86-64; else for arm64.</param>
    internal static Instruction[] Program(IEnumerable<Refused> refused, bool x64)
    {
        uint[] numbers = [.. refused.Select(call => x64 ? call.X64 : call.Arm64).Where(number => number != None)];

        // Each jump leads to the last instruction, over those that come after it and the one that permits.
        int left = numbers.Length;
        return
        [
            new(LoadWord, 0, 0, ArchitectureAt),
            new(JumpIfEqual, 1, 0, x64 ? X64Calls : Arm64Calls),
            new(Return, 0, 0, Fail | NotPermitted),
            new(LoadWord, 0, 0, NumberAt),
            new(JumpIfNotLess, (byte)(left + 1), 0, OtherNames),
            .. numbers.Select((number, i) => new Instruction(JumpIfEqual, (byte)(left - i), 0, number)),
            new(Return, 0, 0, Permit),
            new(Return, 0, 0, Fail | NotPermitted),
        ];
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint one, nint two, nint three);

    /// <summary>A call that is refused.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="X64">Its number on x86-64.</param>
    /// <param name="Arm64">Its number on arm64.</param>
    internal sealed record Refused(string Name, uint X64, uint Arm64);

    // struct sock_filter
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

    // struct sock_fprog
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct FilterProgram(ushort Length, nint Instructions);
}
