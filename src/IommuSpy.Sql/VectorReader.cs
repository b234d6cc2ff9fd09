using System.Numerics;
using System.Text;
using DuckDB.NET.Native;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>Reads the cells of one column out of DuckDB's vectors.</summary>
internal abstract unsafe class VectorReader
{
    private const int BitsOfWord = 64;

    private ulong* _known;

    /// <summary>What its values are, as a table's.</summary>
    public abstract ColumnType Type { get; }

    private void* Data { get; set; }

    /// <summary>Of a type; null where its values have to be written as text first.</summary>
    public static VectorReader? Of(DuckDBLogicalType type) => NativeMethods.LogicalType.DuckDBGetTypeId(type) switch
    {
        DuckDBType.Boolean => new Scalar<byte>(ColumnType.Flag, value => Cell.Of((bool?)(value != 0))),
        DuckDBType.TinyInt => Whole<sbyte>(),
        DuckDBType.SmallInt => Whole<short>(),
        DuckDBType.Integer => Whole<int>(),
        DuckDBType.BigInt => Whole<long>(),
        DuckDBType.UnsignedTinyInt => Unsigned<byte>(),
        DuckDBType.UnsignedSmallInt => Unsigned<ushort>(),
        DuckDBType.UnsignedInteger => Unsigned<uint>(),
        DuckDBType.UnsignedBigInt => Unsigned<ulong>(),
        DuckDBType.HugeInt => new Scalar<DuckDBHugeInt>(ColumnType.Integer, value => Cell.Of((long?)Narrow(value.ToInt128()))),
        DuckDBType.Float => new Scalar<float>(ColumnType.Real, value => Cell.Of((double?)value)),
        DuckDBType.Double => new Scalar<double>(ColumnType.Real, value => Cell.Of((double?)value)),
        DuckDBType.Varchar => new Scalar<DuckDBString>(ColumnType.Text, value => Cell.Of(Text(value))),
        DuckDBType.List => ListOf(type),
        _ => null,
    };

    /// <summary>Goes over to a vector.</summary>
    public virtual void Attach(nint vector)
    {
        Data = NativeMethods.Vectors.DuckDBVectorGetData(vector);
        _known = NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
    }

    /// <summary>The value in a row, or its absence.</summary>
    public Cell Read(ulong row) =>
        _known is null || ((_known[row / BitsOfWord] >> (int)(row % BitsOfWord)) & 1) != 0 ? Value(row) : default;

    private protected abstract Cell Value(ulong row);

    private static Scalar<T> Whole<T>()
        where T : unmanaged, IBinaryInteger<T> => new(ColumnType.Integer, value => Cell.Of((long?)long.CreateTruncating(value)));

    private static Scalar<T> Unsigned<T>()
        where T : unmanaged, IBinaryInteger<T> => new(ColumnType.Number, value => Cell.Of((ulong?)ulong.CreateTruncating(value)));

    // DuckDB adds up in 128 bits.
    private static long Narrow(Int128 value) => value >= long.MinValue && value <= long.MaxValue ? (long)value
        : throw new SqlException(SqlFailure.Question, "a sum has more than 64 bits: cast it to DOUBLE or VARCHAR");

    private static string Text(DuckDBString text) => Encoding.UTF8.GetString((byte*)text.Data, text.Length);

    private static List? ListOf(DuckDBLogicalType type)
    {
        using DuckDBLogicalType element = NativeMethods.LogicalType.DuckDBListTypeChildType(type);
        return Of(element) is { Type: ColumnType.Text or ColumnType.Integer } reader ? new(reader) : null;
    }

    private sealed class Scalar<T>(ColumnType type, Func<T, Cell> of) : VectorReader
        where T : unmanaged
    {
        public override ColumnType Type => type;

        private protected override Cell Value(ulong row) => of(((T*)Data)[row]);
    }

    /// <summary>Lists of texts or of whole numbers.</summary>
    private sealed class List(VectorReader element) : VectorReader
    {
        public override ColumnType Type => element.Type == ColumnType.Text ? ColumnType.Texts : ColumnType.Numbers;

        public override void Attach(nint vector)
        {
            base.Attach(vector);
            element.Attach(NativeMethods.Vectors.DuckDBListVectorGetChild(vector));
        }

        private protected override Cell Value(ulong row)
        {
            DuckDBListEntry entry = ((DuckDBListEntry*)Data)[row];
            Cell[] cells = new Cell[entry.Length];
            for (ulong i = 0; i < entry.Length; i++)
            {
                cells[i] = element.Read(entry.Offset + i);
            }

            // JSON writes a text that is not there as null, and text nothing, as of any other value that is not known.
            return Type == ColumnType.Texts ? Cell.Of(Array.ConvertAll(cells, cell => cell.Text!))
                : Cell.Of((IReadOnlyList<long>)Array.ConvertAll(cells, cell => cell.IsKnown ? cell.Integer
                    : throw new SqlException(SqlFailure.Question, "a list of numbers holds NULL: leave it out (list_filter), or cast the list to VARCHAR")));
        }
    }
}
