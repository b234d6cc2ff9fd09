namespace IommuSpy.Explorer.Report;

/// <summary>A rectangle of a picture.</summary>
internal readonly record struct Box(double X, double Y, double Width, double Height)
{
    /// <summary>The same with a margin inside; never below nothing.</summary>
    public Box Inside(double margin, double top) => new(X + margin, Y + top, Math.Max(0, Width - (2 * margin)), Math.Max(0, Height - top - margin));
}

/// <summary>Squarified treemaps (Bruls, Huizing and van Wijk, 2000): areas as large as amounts, as near to squares as it goes.</summary>
internal static class Treemap
{
    /// <summary>The rectangle of each amount, in the order given, which should be the largest first.</summary>
    /// <param name="amounts">The amounts; those of nothing get an empty rectangle.</param>
    /// <param name="box">What they fill together.</param>
    public static Box[] Of(IReadOnlyList<ulong> amounts, Box box)
    {
        Box[] boxes = new Box[amounts.Count];
        double left = amounts.Aggregate(0.0, (sum, amount) => sum + amount);
        for (int first = 0; first < boxes.Length && left > 0;)
        {
            double scale = box.Width * box.Height / left;
            double side = Math.Min(box.Width, box.Height);
            int count = 1;
            double row = amounts[first];
            while (first + count < boxes.Length && Worst(amounts[first], amounts[first + count], row + amounts[first + count], scale, side)
                <= Worst(amounts[first], amounts[first + count - 1], row, scale, side))
            {
                row += amounts[first + count++];
            }

            box = Lay(amounts, first, count, row, left, box, boxes);
            left -= row;
            first += count;
        }

        return boxes;
    }

    // How far from a square the worst of a row is: the largest is its first, the smallest its last.
    private static double Worst(double largest, double smallest, double row, double scale, double side)
    {
        double area = row * scale;
        return area <= 0 || smallest <= 0 ? double.MaxValue
            : Math.Max(side * side * largest * scale / (area * area), area * area / (side * side * smallest * scale));
    }

    // Along the shorter side; what is left over of the box.
    private static Box Lay(IReadOnlyList<ulong> amounts, int first, int count, double row, double left, Box box, Box[] boxes)
    {
        bool upright = box.Width >= box.Height;
        double thick = (upright ? box.Width : box.Height) * row / left;
        double at = 0;
        for (int i = first; i < first + count && row > 0; i++)
        {
            double length = (upright ? box.Height : box.Width) * amounts[i] / row;
            boxes[i] = upright ? new(box.X, box.Y + at, thick, length) : new(box.X + at, box.Y, length, thick);
            at += length;
        }

        return upright ? box with { X = box.X + thick, Width = box.Width - thick } : box with { Y = box.Y + thick, Height = box.Height - thick };
    }
}
