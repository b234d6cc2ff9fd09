using IommuSpy.Analysis.Vmas;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Areas of processes as text.</summary>
internal static class VmasText
{
    /// <summary>An area in one line: what it maps, with which rights, where.</summary>
    public static string What(VmaReport vma)
    {
        string offset = vma.Inode is null or 0 ? "" : $", offset {vma.Offset}";
        string what = $"{Printable.Name(vma.Path ?? "anonymous")} {vma.Rights ?? "?"}";
        return $"{what} {vma.Start.Value:x16}-{vma.End.Value:x16} ({Size.Text(vma.End - vma.Start)}){offset}";
    }
}
