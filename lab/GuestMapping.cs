using System.Globalization;

namespace IommuSpy.Lab;

/// <summary>One line of /proc/PID/maps.</summary>
/// <param name="Rights">As the kernel prints them: "rw-p".</param>
/// <param name="Path">The file, a name in brackets, or empty.</param>
public sealed record GuestMapping(ulong Start, ulong End, string Rights, string Path)
{
    /// <summary>The page at a fixed address that belongs to no process; pagemap has nothing for it.</summary>
    public bool IsVsyscall => Path == "[vsyscall]";

    /// <summary>
    /// The kernel's data for the vDSO: mapped without struct pages, which /proc/PID/pagemap of some kernels passes over (mm/pagewalk.c, VM_PFNMAP).
    /// </summary>
    public bool IsVvar => Path == "[vvar]";

    internal static GuestMapping Parse(string line)
    {
        // start-end rights offset device inode path; the path may have spaces.
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        int dash = fields[0].IndexOf('-', StringComparison.Ordinal);
        return new GuestMapping(
            ulong.Parse(fields[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(fields[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            fields[1],
            fields.Length > 5 ? fields[5] : "");
    }
}
