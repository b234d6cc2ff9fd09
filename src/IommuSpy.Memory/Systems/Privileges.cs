using System.Globalization;

namespace IommuSpy.Memory.Systems;

/// <summary>What this process may do on the running machine, and what the kernel forbids everyone.</summary>
/// <param name="EffectiveUser">The effective user; 0 is root. Null where /proc does not tell.</param>
/// <param name="Capabilities">Effective capabilities, a bit each (capabilities(7)); null where /proc does not tell.</param>
/// <param name="Lockdown">"none", "integrity" or "confidentiality" (kernel_lockdown(7)); null where this kernel has no lockdown or hides it.</param>
public sealed record Privileges(uint? EffectiveUser, ulong? Capabilities, string? Lockdown)
{
    private const int SysRawIo = 17;
    private const int SysAdmin = 21;
    private const int Syslog = 34;

    /// <summary>Whether it may open what reads memory: CAP_SYS_RAWIO.</summary>
    public bool MayReadMemory => Has(SysRawIo);

    /// <summary>Whether it is shown physical addresses: CAP_SYS_ADMIN.</summary>
    public bool SeesPhysical => Has(SysAdmin);

    /// <summary>Whether it is shown the kernel's addresses: CAP_SYSLOG.</summary>
    public bool SeesSymbols => Has(Syslog);

    /// <summary>Whether the process runs as root.</summary>
    public bool IsRoot => EffectiveUser == 0;

    /// <summary>Those of this process.</summary>
    /// <param name="files">The running machine's files.</param>
    public static Privileges Of(SystemFiles files)
    {
        uint? user = null;
        ulong? capabilities = null;
        foreach (string line in (files.Text("proc/self/status") ?? "").Split('\n'))
        {
            string[] words = line.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && words[0] == "Uid:" && uint.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint effective))
            {
                user = effective;
            }
            else if (words.Length == 2 && words[0] == "CapEff:"
                && ulong.TryParse(words[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong mask))
            {
                capabilities = mask;
            }
        }

        return new(user, capabilities, LockdownOf(files.Text("sys/kernel/security/lockdown")));
    }

    /// <summary>Why the kernel refuses what takes CAP_SYS_RAWIO, and what would help; null where it is not for these reasons.</summary>
    public string? Refusal => (MayReadMemory, Lockdown) switch
    {
        (false, _) when !IsRoot => "only root may read it: use sudo",
        (false, _) => "this process lacks CAP_SYS_RAWIO: it runs in a container or with dropped capabilities; run it on the host",
        (true, "confidentiality") =>
            "kernel lockdown is at confidentiality, which forbids reading memory to everyone: boot with lockdown=none or lockdown=integrity (and Secure Boot "
                + "off where that is what locks)",
        _ => null,
    };

    private bool Has(int capability) => Capabilities is ulong mask ? (mask & (1UL << capability)) != 0 : IsRoot;

    // "none [integrity] confidentiality": the one in brackets holds.
    private static string? LockdownOf(string? text)
    {
        int open = text?.IndexOf('[', StringComparison.Ordinal) ?? -1;
        int close = text?.IndexOf(']', StringComparison.Ordinal) ?? -1;
        return open >= 0 && close > open ? text![(open + 1)..close] : null;
    }
}
