using System.Globalization;
using System.Text;
using IommuSpy.Analysis.Frames;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>The pictures of a page, as SVG. Colours stand in it twice: as classes for style sheets, and for who shows none.</summary>
internal static class Pictures
{
    /// <summary>Memory by use as areas.</summary>
    public static Markup Uses(IReadOnlyList<KindOfMemory> kinds)
    {
        const double Width = 1200;
        const double Height = 420;
        const double Title = 17;
        StringBuilder picture = new();
        picture.Append(Html($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Memory by use as areas\" xmlns=\"http://www.w3.org/2000/svg\">"));
        Box[] boxes = Treemap.Of([.. kinds.Select(kind => kind.Pages)], new(0, 0, Width, Height));
        for (int i = 0; i < kinds.Count; i++)
        {
            IReadOnlyList<PartOfMemory> parts = kinds[i].Parts;
            UseGroup group = UseGroups.Of(kinds[i].Kind);
            string name = kinds[i].Kind.Words();
            picture.Append(Rectangle(boxes[i], group, $"{name}: {Size.Text(kinds[i].Bytes)}"));
            bool isTitled = boxes[i] is { Width: > 44, Height: > 16 };
            Box inner = boxes[i].Inside(2, isTitled && parts.Count > 1 ? Title : 2);
            if (parts.Count > 1 && inner is { Width: > 12, Height: > 12 })
            {
                Box[] its = Treemap.Of([.. parts.Select(part => part.Pages)], inner);
                for (int p = 0; p < parts.Count; p++)
                {
                    if (its[p] is { Width: >= 2, Height: >= 2 })
                    {
                        string part = parts[p].Name ?? "whose is not told";
                        picture.Append(Rectangle(its[p], group, $"{name}, {part}: {Size.Text(parts[p].Bytes)}"));
                        picture.Append(parts[p].Name is null ? "" : Label(its[p], group, part, 11));
                    }
                }
            }

            if (isTitled)
            {
                picture.Append(Label(boxes[i], group, $"{name} {Size.Text(kinds[i].Bytes)}", 12, isTitle: true));
            }
        }

        return new(picture.Append("</svg>").ToString());
    }

    private static string Rectangle(Box box, UseGroup group, string title) => box.Width <= 0 || box.Height <= 0 ? "" : Html(
        $"<rect class=\"{group.Class()}\" fill=\"{group.Colour()}\" x=\"{box.X}\" y=\"{box.Y}\" width=\"{box.Width}\" height=\"{box.Height}\"><title>{title}"
            + $"</title></rect>");

    // As much of a name as there is room for: 0.56 em is the width of a character of the fonts asked for, nearly.
    private static string Label(Box box, UseGroup group, string text, double size, bool isTitle = false)
    {
        const double Em = 0.58;
        int room = (int)((box.Width - 8) / (size * Em));
        if (room < 4 || box.Height < size + 3)
        {
            return "";
        }

        string shown = text.Length <= room ? text : text[..(room - 1)] + "…";
        double y = isTitle || box.Height < size * 2 ? box.Y + size + 1 : box.Y + size + 3;
        return Html($"<text class=\"{(isTitle ? "title " : "")}on-{group.Class()[2..]}\" x=\"{box.X + 4}\" y=\"{y}\" font-size=\"{size}\">{shown}</text>");
    }

    /// <summary>A zone as cells.</summary>
    public static Markup Zone(ZonePicture zone)
    {
        const int Cell = 8;
        const int High = 8;
        const int Left = 136;
        int width = Left + (ZonePicture.Columns * Cell);
        int gaps = 0;
        Dictionary<UseGroup, StringBuilder> paths = [];
        StringBuilder reached = new();
        StringBuilder labels = new();
        ulong rowBytes = zone.CellBytes * ZonePicture.Columns;
        for (int row = 0; row < zone.Rows.Count; row++)
        {
            gaps += row > 0 && zone.Rows[row].Start.Value != zone.Rows[row - 1].Start.Value + rowBytes ? 1 : 0;
            int y = (row * High) + (gaps * High);
            IReadOnlyList<ZoneCell> cells = zone.Rows[row].Cells;
            if (row % 2 == 0)
            {
                labels.Append(Html($"<text class=\"at\" x=\"0\" y=\"{(double)(y + High)}\" font-size=\"10.5\">{zone.Rows[row].Start.ToString()}</text>"));
            }

            for (int x = 0; x < cells.Count;)
            {
                int end = x + 1;
                while (end < cells.Count && cells[end].Use == cells[x].Use)
                {
                    end++;
                }

                if (cells[x].Use is UseGroup use)
                {
                    StringBuilder path = paths.TryGetValue(use, out StringBuilder? known) ? known : paths[use] = new();
                    path.Append(CultureInfo.InvariantCulture, $"M{Left + (x * Cell)} {y}h{(end - x) * Cell}v{High}h-{(end - x) * Cell}z");
                }

                x = end;
            }

            for (int x = 0; x < cells.Count; x++)
            {
                if ((cells[x].Reached & Analysis.Map.ReachedFrames.Write) != 0)
                {
                    reached.Append(CultureInfo.InvariantCulture, $"M{Left + (x * Cell) + (Cell / 2)} {y}h{Cell / 2}v{Cell / 2}z");
                }
            }
        }

        int height = (zone.Rows.Count + gaps) * High;
        StringBuilder picture = new();
        picture.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {width} {height + 2}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"");
        picture.Append(Html($" aria-label=\"{zone.Name}\">"));
        foreach ((UseGroup use, StringBuilder path) in paths.OrderBy(pair => pair.Key))
        {
            picture.Append(Html($"<path class=\"{use.Class()}\" fill=\"{use.Colour()}\" d=\"{new Markup(path.ToString())}\"><title>{use.Words()}</title>"
                + $"</path>"));
        }

        // Lines between cells, so that they can be counted.
        picture.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"");
        for (int x = 0; x <= ZonePicture.Columns; x += 8)
        {
            picture.Append(CultureInfo.InvariantCulture, $"M{Left + (x * Cell)} 0v{height}");
        }

        picture.Append("\"/>").Append(Html($"<path class=\"reach\" fill=\"#d00000\" d=\"{new Markup(reached.ToString())}\"/>")).Append(labels).Append("</svg>");
        return new(picture.ToString());
    }

    /// <summary>A square in the colour of a group.</summary>
    public static Markup Swatch(UseGroup group) => new(Html(
        $"<svg class=\"swatch\" viewBox=\"0 0 10 10\" width=\"12\" height=\"12\" aria-hidden=\"true\">"
            + $"<rect class=\"{group.Class()}\" fill=\"{group.Colour()}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>"));

    /// <summary>An amount beside the largest.</summary>
    public static Markup Bar(ulong amount, ulong most) => new(Html(
        $"<svg viewBox=\"0 0 100 8\" width=\"100\" height=\"8\" aria-hidden=\"true\">"
            + $"<rect class=\"amount\" fill=\"#3b87d0\" width=\"{(most == 0 ? 0.0 : Math.Max(0.5, 100.0 * amount / most))}\" height=\"8\" rx=\"1\"/></svg>"));

    private static string Html(HtmlText text) => text.ToString();
}
