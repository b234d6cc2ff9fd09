using System.Globalization;
using System.Text;
using IommuSpy.Linux.AddressSpaces;

namespace IommuSpy.Linux.Running;

/// <summary>Reads /proc/PID/maps (proc_pid_maps(5)).</summary>
internal static class RunningAreas
{
    /// <summary>Its lines, in order.</summary>
    internal static List<MemoryArea> Parse(byte[] maps)
    {
        List<MemoryArea> areas = [];
        foreach (string line in Encoding.UTF8.GetString(maps).Split('\n'))
        {
            // "7f0000000000-7f0000001000 r-xp 00002000 103:01 1234    /usr/bin/cat": a path may hold blanks.
            string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            int dash = words.Length >= 5 ? words[0].IndexOf('-', StringComparison.Ordinal) : -1;
            if (dash > 0 && words[1].Length == 4 && Hex(words[0].AsSpan(0, dash), out ulong start) && Hex(words[0].AsSpan(dash + 1), out ulong end)
                && start < end && Hex(words[2], out ulong offset))
            {
                areas.Add(new(default, new(start), new(end), Flags(words[1]), offset, null, words.Length > 5 ? words[5].TrimStart(' ') : null));
            }
        }

        return areas;
    }

    private static bool Hex(ReadOnlySpan<char> text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private static ulong Flags(string letters) =>
        (letters[0] == 'r' ? AreaFlags.Read : 0) | (letters[1] == 'w' ? AreaFlags.Write : 0) | (letters[2] == 'x' ? AreaFlags.Execute : 0) | (letters[3] == 's'
            ? AreaFlags.MayShare : 0);
}
