using System.Globalization;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Pieces of vmalloc space as text.</summary>
internal static class VmallocText
{
    public static void Write(TextWriter writer, IEnumerable<VmallocReport> areas)
    {
        TextTable table = new("start", "end", "size", "pages", "use", "asked for by", "") { RightAligned = new HashSet<int> { 2, 3 } };
        foreach (VmallocReport area in areas)
        {
            string more = area.StackOf is string task ? $"stack of {Printable.Name(task)}"
                : area.Physical is PhysicalAddress physical ? $"physical {physical}" : "";
            table.Add(
                $"{area.Start.Value:x16}",
                $"{area.End.Value:x16}",
                Size.Text(area.Size),
                area.Pages is > 0 and uint pages ? pages.ToString(CultureInfo.InvariantCulture) : "-",
                area.Use,
                (area.Caller is string caller ? Printable.Name(caller) : null) ?? area.CallerAddress?.ToString() ?? "-",
                more);
        }

        table.Write(writer);
    }
}
