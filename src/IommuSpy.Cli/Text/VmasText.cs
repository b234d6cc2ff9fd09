using System.Globalization;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="VmaList"/> as text: the columns of /proc/PID/maps as that prints them, and what is in memory before the path.</summary>
internal static class VmasText
{
    private static readonly string[] Headings = ["address", "rights", "offset", "device", "inode", "resident", "swapped", "huge", "path"];

    /// <summary>An area in one line: what it maps, with which rights, where.</summary>
    public static string What(VmaReport vma)
    {
        string offset = vma.Inode is null or 0 ? "" : $", offset 0x{vma.Offset:x}";
        return $"{Printable.Of(vma.Path ?? "anonymous")} {vma.Flags} {vma.Start.Value:x16}-{vma.End.Value:x16} ({Size.Text(vma.End - vma.Start)}){offset}";
    }

    /// <summary>Of one process.</summary>
    public static void Write(TextWriter writer, VmaList list)
    {
        writer.WriteLine($"{Printable.Of(list.Process.ToString())}, root table {list.Process.Root?.ToString() ?? "not known"}");
        writer.WriteLine();
        Table table = new(Headings) { RightAligned = new HashSet<int> { 4, 5, 6, 7 } };
        foreach (VmaReport vma in list.Rows)
        {
            table.Add(Cells(vma));
        }

        table.Write(writer);
    }

    /// <summary>Of several processes.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<VmaList> lists)
    {
        Table table = new(["pid", "name", .. Headings]) { RightAligned = new HashSet<int> { 0, 6, 7, 8, 9 } };
        foreach (VmaList list in lists)
        {
            foreach (VmaReport vma in list.Rows)
            {
                table.Add([list.Process.Pid.ToString(CultureInfo.InvariantCulture), Printable.Of(list.Process.Comm ?? "?"), .. Cells(vma)]);
            }
        }

        table.Write(writer);
    }

    private static string[] Cells(VmaReport vma) =>
    [
        $"{vma.Start.Value:x8}-{vma.End.Value:x8}",
        vma.Flags,
        $"{vma.Offset:x8}",
        vma.Device ?? "?",
        vma.Inode?.ToString(CultureInfo.InvariantCulture) ?? "?",
        Bytes(vma.ResidentBytes),
        Bytes(vma.SwappedBytes),
        Bytes(vma.HugeBytes),
        Printable.Of(vma.Path ?? ""),
    ];

    private static string Bytes(ulong bytes) => bytes == 0 ? "-" : Size.Text(bytes);
}
