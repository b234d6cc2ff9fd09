using System.Text;

namespace IommuSpy.Linux;

/// <summary>
/// What uname(2) answers in the kernel's first namespace (struct new_utsname, include/uapi/linux/utsname.h): a second place where a kernel says what it is.
/// </summary>
/// <param name="NodeName">The host's name.</param>
/// <param name="Release">"6.1.0-56-amd64".</param>
/// <param name="Version">"#1 SMP Debian 6.1.1-1 (2023-01-01)".</param>
/// <param name="Machine">"x86_64".</param>
internal sealed record UtsName(string NodeName, string Release, string Version, string Machine)
{
    // Each of sysname, nodename, release, version, machine, domainname.
    private const int FieldBytes = 65;
    private const int Fields = 6;

    // A count of references stands before it until 5.10.
    private const int MostBefore = 8;

    private static ReadOnlySpan<byte> SystemName => "Linux\0"u8;

    /// <summary>The names in an image of a kernel, by their shape; null where none stand in it.</summary>
    public static UtsName? Search(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        for (int found = bytes.IndexOf(SystemName); found >= 0; found = bytes[at..].IndexOf(SystemName))
        {
            at += found;
            if (At(bytes[at..]) is UtsName names)
            {
                return names;
            }

            at += SystemName.Length;
        }

        return null;
    }

    /// <summary>The names in a struct uts_namespace, which begins with them or with a count of references; null where none do.</summary>
    public static UtsName? After(ReadOnlySpan<byte> bytes)
    {
        int at = bytes[..Math.Min(bytes.Length, MostBefore + SystemName.Length)].IndexOf(SystemName);
        return at < 0 ? null : At(bytes[at..]);
    }

    private static UtsName? At(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FieldBytes * Fields)
        {
            return null;
        }

        string?[] fields = new string?[Fields];
        for (int i = 0; i < Fields; i++)
        {
            fields[i] = Field(bytes.Slice(i * FieldBytes, FieldBytes));
        }

        return fields is ["Linux", string node, { Length: > 0 } release, { Length: > 0 } version, { Length: > 0 } machine, not null]
            && char.IsAsciiDigit(release[0])
            ? new(node, release, version, machine)
            : null;
    }

    // Text, and nothing behind its end: uname(2) hands out the whole field, so that the kernel keeps it clean.
    private static string? Field(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return end >= 0 && !field[..end].ContainsAnyExceptInRange((byte)' ', (byte)'~') && !field[end..].ContainsAnyExcept((byte)0)
            ? Encoding.ASCII.GetString(field[..end])
            : null;
    }
}
