using System.Globalization;
using System.Text;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Witnesses;

/// <summary>Addresses that /proc/kallsyms gives for a few names. Who may not see them is shown zeros (kptr_restrict): then there are none.</summary>
internal static class ListedSymbols
{
    private const string Path = "proc/kallsyms";

    /// <summary>The first address of each of the names that the kernel's own image has; modules come after it and are not looked at.</summary>
    internal static IReadOnlyDictionary<string, VirtualAddress> Find(SystemFiles? files, params ReadOnlySpan<string> names)
    {
        Dictionary<string, VirtualAddress> found = new(StringComparer.Ordinal);
        ReadOnlySpan<byte> text = files?.Read(Path);
        byte[][] wanted = [.. names.ToArray().Select(Encoding.ASCII.GetBytes)];
        while (!text.IsEmpty && found.Count < names.Length)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];

            // "ffffffff81000000 T _text", and for a module's a tab and its name in brackets.
            int name = line.LastIndexOf((byte)' ') + 1;
            if (line.Contains((byte)'\t') || name < 3)
            {
                break;
            }

            for (int i = 0; i < wanted.Length; i++)
            {
                if (line[name..].SequenceEqual(wanted[i])
                    && ulong.TryParse(line[..line.IndexOf((byte)' ')], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
                    && address != 0)
                {
                    found.TryAdd(names[i], new(address));
                }
            }
        }

        return found;
    }
}
