using System.Text;
using System.Text.Unicode;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Log;

/// <summary>
/// The kernel's log, as far as it is still in its buffer: the ring of descriptors since 5.10, the buffer of records from 3.5 on. Where it stands, symbols or
/// VMCOREINFO tell; how its structures are laid out, a description of types or VMCOREINFO, or else the documented layout, verified by the ring itself.
/// </summary>
public abstract class KernelLog
{
    private static readonly string[] LevelNames = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

    // include/uapi: syslog.h of the C library; 12 to 15 have no name.
    private static readonly string[] FacilityNames =
    [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "12", "13", "14", "15", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    private protected KernelLog(LinuxKernel kernel) => Kernel = kernel;

    /// <summary>The names of levels, the most severe first.</summary>
    public static IReadOnlyList<string> Levels => LevelNames;

    /// <summary>The form in which the kernel keeps it: "ring of descriptors".</summary>
    public abstract string Form { get; }

    /// <summary>The number of the first message that is still there: how many were overwritten.</summary>
    public abstract ulong First { get; }

    /// <summary>Why messages may be missing or wrong, a sentence each, as far as <see cref="Messages"/> has come; empty for a whole log.</summary>
    public IReadOnlyList<string> Damage => Found;

    private protected List<string> Found { get; } = [];

    private protected LinuxKernel Kernel { get; }

    /// <summary>Its messages, the oldest first.</summary>
    public abstract IEnumerable<LogMessage> Messages();

    /// <summary>Finds the log of a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="types">What describes its types; null where nothing does.</param>
    public static Part<KernelLog> Of(LinuxKernel kernel, KernelTypes? types)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        KernelLog? log = DescriptorRing.Find(kernel, types);
        return (log ?? RecordBuffer.Find(kernel, types)) is KernelLog found ? found
            : Part.Absent("the kernel's log is not found: neither prb nor log_buf leads to a ring of messages"
                + (kernel.Kallsyms is null && kernel.VmCoreInfo is null ? " (there are no symbols, and no VMCOREINFO)" : ""));
    }

    /// <summary>"info" of 6.</summary>
    public static string LevelName(int level) => LevelNames[level & 7];

    /// <summary>"kern" of 0.</summary>
    public static string FacilityName(int facility) =>
        (uint)facility < (uint)FacilityNames.Length ? FacilityNames[facility] : facility.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Where a variable is, by symbols or by VMCOREINFO; null where neither has it.</summary>
    private protected static VirtualAddress? Variable(LinuxKernel kernel, string name) =>
        kernel.AddressOf(name) ?? (kernel.VmCoreInfo?.TryGetSymbol(name, out VirtualAddress address) == true ? address : null);

    private protected static string TextOf(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

    private protected static string? NameOf(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        bytes = end < 0 ? bytes : bytes[..end];
        return bytes.IsEmpty ? null : TextOf(bytes);
    }
}
