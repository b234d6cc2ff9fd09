using System.Globalization;
using IommuSpy.Linux.AddressSpaces;

namespace IommuSpy.Cli.Text;

/// <summary>Pages as text, a line each, as they are found; a heading where the area changes.</summary>
internal sealed class PagemapText(TextWriter writer)
{
    private MemoryArea? _area;

    public void Write(MemoryArea area, PagemapPage page)
    {
        if (area != _area)
        {
            _area = area;
            writer.WriteLine($"--- {area.Start.Value:x8}-{area.End.Value:x8} {area.Rights} {Printable.Of(area.Name ?? "")}".TrimEnd());
        }

        string place = page.Physical is { } physical ? $"{physical.Value:x16}"
            : page.SwapType is int type ? string.Create(CultureInfo.InvariantCulture, $"swap {type}:0x{page.SwapOffset:x}")
            : "-";
        writer.WriteLine($"{page.Virtual.Value:x16}  {place,-16}  {Marks(page)}".TrimEnd());
    }

    private static string Marks(PagemapPage page)
    {
        List<string> marks = [];
        void Add(bool? set, string name)
        {
            if (set == true)
            {
                marks.Add(name);
            }
        }

        Add(page.FileOrShared, "file-or-shared");
        Add(page.Exclusive, "exclusive");
        Add(page.SoftDirty, "soft-dirty");
        Add(page.WriteProtected, "uffd-write-protected");
        Add(page.Guard, "guard");
        return string.Join(' ', marks);
    }
}
