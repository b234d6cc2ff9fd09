using IommuSpy.Catalogue;
using Parquet.Schema;

namespace IommuSpy.Export.Parquet;

/// <summary>
/// A column of a table as Parquet's columns: one, or for records one for each of theirs. Lists are those of Parquet's LogicalTypes.md, and their levels
/// those of Dremel: every value has how much of its way is there, and where on it something new begins.
/// </summary>
internal abstract class ParquetNode
{
    // Parquet's names of a list's inside: an optional group, a repeated one, and an element that may be absent.
    private const string Element = "element";
    private const int LevelsOfList = 2;

    /// <summary>The column in the schema.</summary>
    public abstract Field Field { get; }

    /// <summary>Where its values wait, in the schema's order.</summary>
    public abstract IEnumerable<ParquetLeaf> Leaves { get; }

    /// <summary>Of a column.</summary>
    public static ParquetNode Of(Column column) => Of(column, column.Name);

    /// <summary>Adds a value.</summary>
    /// <param name="cell">The value.</param>
    /// <param name="repetition">At which level it begins something new.</param>
    /// <param name="definition">How much of the way to it is there.</param>
    /// <param name="depth">How many lists it is in.</param>
    public abstract void Add(in Cell cell, int repetition, int definition, int depth);

    private static ParquetNode Of(Column column, string name) => column.Type switch
    {
        ColumnType.Text => Text(name),
        ColumnType.Integer => Integer(name),
        ColumnType.Real => new Scalar(new DataField<double>(name, nullable: true), new ParquetLeaf<double>(cell => cell.Real, _ => sizeof(double))),
        ColumnType.Flag => new Scalar(new DataField<bool>(name, nullable: true), new ParquetLeaf<bool>(cell => cell.Number != 0, _ => sizeof(bool))),
        ColumnType.Texts => new List(name, Text(Element), cell => cell.Texts.Count, (cell, i) => Cell.Of(cell.Texts[i])),
        ColumnType.Numbers => new List(name, Integer(Element), cell => cell.Numbers.Count, (cell, i) => Cell.Of((long?)cell.Numbers[i])),
        ColumnType.Records => new Records(name, [.. column.Inner.Select(Of)]),
        _ => new Scalar(new DataField<ulong>(name, nullable: true), new ParquetLeaf<ulong>(cell => cell.Number, _ => sizeof(ulong))),
    };

    private static Scalar Text(string name) => new(new DataField<string>(name, nullable: true),
        new ParquetLeaf<ReadOnlyMemory<char>>(cell => cell.Text.AsMemory(), text => 16 + (text.Length * sizeof(char))));

    private static Scalar Integer(string name) =>
        new(new DataField<long>(name, nullable: true), new ParquetLeaf<long>(cell => cell.Integer, _ => sizeof(long)));

    private sealed class Scalar(Field its, ParquetLeaf leaf) : ParquetNode
    {
        public override Field Field => its;

        public override IEnumerable<ParquetLeaf> Leaves => [leaf];

        public override void Add(in Cell cell, int repetition, int definition, int depth) => leaf.Add(cell, repetition, definition);
    }

    private sealed class List(string name, Scalar element, Func<Cell, int> count, Func<Cell, int, Cell> at) : ParquetNode
    {
        private readonly ParquetLeaf _leaf = element.Leaves.Single();

        public override Field Field { get; } = new ListField(name, element.Field);

        public override IEnumerable<ParquetLeaf> Leaves => [_leaf];

        public override void Add(in Cell cell, int repetition, int definition, int depth)
        {
            int all = count(cell);
            if (all == 0)
            {
                _leaf.Absent(repetition, definition + (cell.IsKnown ? 1 : 0));
            }

            for (int i = 0; i < all; i++)
            {
                _leaf.Add(at(cell, i), i == 0 ? repetition : depth + 1, definition + LevelsOfList);
            }
        }
    }

    private sealed class Records(string name, ParquetNode[] columns) : ParquetNode
    {
        public override Field Field { get; } = new ListField(name, new StructField(Element, [.. columns.Select(column => column.Field)]));

        public override IEnumerable<ParquetLeaf> Leaves => columns.SelectMany(column => column.Leaves);

        public override void Add(in Cell cell, int repetition, int definition, int depth)
        {
            if (cell.Records.Count == 0)
            {
                foreach (ParquetLeaf leaf in Leaves)
                {
                    leaf.Absent(repetition, definition + (cell.IsKnown ? 1 : 0));
                }
            }

            for (int i = 0; i < cell.Records.Count; i++)
            {
                for (int column = 0; column < columns.Length; column++)
                {
                    // A record that is there is one level more.
                    columns[column].Add(cell.Records[i][column], i == 0 ? repetition : depth + 1, definition + LevelsOfList + 1, depth + 1);
                }
            }
        }
    }
}
