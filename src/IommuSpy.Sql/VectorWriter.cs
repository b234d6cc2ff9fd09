using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using DuckDB.NET.Native;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>Writes the cells of one column into DuckDB's vectors.</summary>
internal abstract unsafe class VectorWriter
{
    private const int BitsOfWord = 64;

    private nint _vector;

    /// <summary>Where its values stand; valid until the vector grows or is another.</summary>
    protected void* Data { get; private set; }

    /// <summary>Of a column.</summary>
    public static VectorWriter Of(Column column) => column.Type switch
    {
        ColumnType.Text => new Text(),
        ColumnType.Integer => new Scalar<long>(cell => cell.Integer),
        ColumnType.Real => new Scalar<double>(cell => cell.Real),
        ColumnType.Flag => new Scalar<byte>(cell => (byte)cell.Number),
        ColumnType.Texts => new List(new Text(), cell => cell.Texts.Count, (cell, i) => Cell.Of(cell.Texts[i])),
        ColumnType.Numbers => new List(new Scalar<long>(cell => cell.Integer), cell => cell.Numbers.Count, (cell, i) => Cell.Of((long?)cell.Numbers[i])),
        ColumnType.Records => new Records([.. column.Inner.Select(Of)]),
        _ => new Scalar<ulong>(cell => cell.Number),
    };

    /// <summary>The type that DuckDB knows a column's values by: the same as that of an exported file.</summary>
    public static DuckDBLogicalType TypeOf(Column column) => column.Type switch
    {
        ColumnType.Text => TypeOf(DuckDBType.Varchar),
        ColumnType.Integer => TypeOf(DuckDBType.BigInt),
        ColumnType.Real => TypeOf(DuckDBType.Double),
        ColumnType.Flag => TypeOf(DuckDBType.Boolean),
        ColumnType.Texts => ListOf(TypeOf(DuckDBType.Varchar)),
        ColumnType.Numbers => ListOf(TypeOf(DuckDBType.BigInt)),
        ColumnType.Records => ListOf(StructOf(column.Inner)),
        _ => TypeOf(DuckDBType.UnsignedBigInt),
    };

    /// <summary>Goes over to a vector, or to the same one after it has grown.</summary>
    public virtual void Attach(nint vector)
    {
        _vector = vector;
        Data = NativeMethods.Vectors.DuckDBVectorGetData(vector);
    }

    /// <summary>Writes a value, or its absence.</summary>
    public void Write(ulong row, in Cell cell)
    {
        if (cell.IsKnown)
        {
            Value(row, cell);
            return;
        }

        NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(_vector);
        NativeMethods.Vectors.DuckDBVectorGetValidity(_vector)[row / BitsOfWord] &= ~(1UL << (int)(row % BitsOfWord));
        Absence(row);
    }

    private protected abstract void Value(ulong row, in Cell cell);

    private protected virtual void Absence(ulong row)
    {
    }

    private static DuckDBLogicalType TypeOf(DuckDBType type) => NativeMethods.LogicalType.DuckDBCreateLogicalType(type);

    private static DuckDBLogicalType ListOf(DuckDBLogicalType element)
    {
        using (element)
        {
            return NativeMethods.LogicalType.DuckDBCreateListType(element);
        }
    }

    private static DuckDBLogicalType StructOf(IReadOnlyList<Column> columns)
    {
        DuckDBLogicalType[] types = [.. columns.Select(TypeOf)];
        DuckDBLogicalType whole = DuckDbLibrary.StructType(
            [.. types.Select(type => type.DangerousGetHandle())], [.. columns.Select(column => column.Name)], (ulong)types.Length);
        foreach (DuckDBLogicalType type in types)
        {
            type.Dispose();
        }

        return whole;
    }

    private sealed class Scalar<T>(Func<Cell, T> of) : VectorWriter
        where T : unmanaged
    {
        private protected override void Value(ulong row, in Cell cell) => ((T*)Data)[row] = of(cell);
    }

    private sealed class Text : VectorWriter
    {
        private const int OnStack = 512;

        private protected override void Value(ulong row, in Cell cell)
        {
            string text = cell.Text!;
            int most = Encoding.UTF8.GetMaxByteCount(text.Length);
            byte[]? rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
            Span<byte> bytes = rented ?? stackalloc byte[OnStack];
            int length = Encoding.UTF8.GetBytes(text, bytes);
            fixed (byte* start = bytes)
            {
                NativeMethods.Vectors.DuckDBVectorAssignStringElementLength(_vector, row, start, length);
            }

            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Lists: where each begins in the vector of all elements, and how many it has.</summary>
    private sealed class List(VectorWriter element, Func<Cell, int> count, Func<Cell, int, Cell> at) : VectorWriter
    {
        private protected override void Value(ulong row, in Cell cell)
        {
            ulong all = (ulong)count(cell);
            ulong first = Grow(_vector, row, Data, all, element);
            for (ulong i = 0; i < all; i++)
            {
                element.Write(first + i, at(cell, (int)i));
            }
        }

        private protected override void Absence(ulong row) => ((Entry*)Data)[row] = default;

        /// <summary>Makes room for a list's elements behind those that are there.</summary>
        public static ulong Grow(nint vector, ulong row, void* data, ulong more, VectorWriter element)
        {
            ulong first = (ulong)NativeMethods.Vectors.DuckDBListVectorGetSize(vector);
            ((Entry*)data)[row] = new(first, more);
            if (more > 0)
            {
                if (!NativeMethods.Vectors.DuckDBListVectorReserve(vector, first + more).IsSuccess()
                    || !NativeMethods.Vectors.DuckDBListVectorSetSize(vector, first + more).IsSuccess())
                {
                    throw new SqlException(SqlFailure.Resources, $"a list of {more} elements has no place in memory");
                }

                element.Attach(NativeMethods.Vectors.DuckDBListVectorGetChild(vector));
            }

            return first;
        }
    }

    /// <summary>Lists of records: a vector of all their elements for each column of theirs.</summary>
    private sealed class Records(VectorWriter[] columns) : VectorWriter
    {
        private readonly Struct _element = new(columns);

        private protected override void Value(ulong row, in Cell cell)
        {
            IReadOnlyList<Cell[]> records = cell.Records;
            ulong first = List.Grow(_vector, row, Data, (ulong)records.Count, _element);
            for (int i = 0; i < records.Count; i++)
            {
                for (int column = 0; column < columns.Length; column++)
                {
                    columns[column].Write(first + (ulong)i, records[i][column]);
                }
            }
        }

        private protected override void Absence(ulong row) => ((Entry*)Data)[row] = default;
    }

    private sealed class Struct(VectorWriter[] columns) : VectorWriter
    {
        public override void Attach(nint vector)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                columns[i].Attach(NativeMethods.Vectors.DuckDBStructVectorGetChild(vector, i));
            }
        }

        private protected override void Value(ulong row, in Cell cell) => throw new InvalidOperationException("its columns are written");
    }

    // duckdb_list_entry
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Entry(ulong Offset, ulong Length);
}
