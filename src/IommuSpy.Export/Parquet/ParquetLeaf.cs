using IommuSpy.Catalogue;
using Parquet;
using Parquet.Schema;

namespace IommuSpy.Export.Parquet;

/// <summary>The values of one Parquet column that wait for their row group, with their levels.</summary>
internal abstract class ParquetLeaf
{
    private int[] _definitions = new int[64];
    private int[] _repetitions = new int[64];

    /// <summary>The column in the schema; it is there once the schema is made.</summary>
    public DataField? Field { get; set; }

    /// <summary>About how many bytes wait.</summary>
    public long Bytes { get; protected set; }

    /// <summary>How many values and absences wait.</summary>
    private protected int Count { get; private set; }

    private protected ReadOnlyMemory<int> Definitions => _definitions.AsMemory(0, Count);

    private protected ReadOnlyMemory<int>? Repetitions => Field!.MaxRepetitionLevel > 0 ? _repetitions.AsMemory(0, Count) : null;

    /// <summary>Adds a value, or its absence.</summary>
    /// <param name="cell">The value.</param>
    /// <param name="repetition">At which level it begins something new: 0 for a row.</param>
    /// <param name="definition">How many of what may be absent on the way to it are there.</param>
    public void Add(in Cell cell, int repetition, int definition)
    {
        if (cell.IsKnown)
        {
            Level(repetition, definition + 1);
            Value(cell);
        }
        else
        {
            Level(repetition, definition);
        }
    }

    /// <summary>Adds that something on the way to a value is absent.</summary>
    /// <inheritdoc cref="Add"/>
    public void Absent(int repetition, int definition) => Level(repetition, definition);

    /// <summary>Writes all that wait as a column of a row group.</summary>
    public abstract Task Write(ParquetRowGroupWriter group);

    /// <summary>Adds a value that is there.</summary>
    private protected abstract void Value(in Cell cell);

    /// <summary>Nothing waits any more.</summary>
    private protected void Clear() => (Count, Bytes) = (0, 0);

    private void Level(int repetition, int definition)
    {
        if (Count == _definitions.Length)
        {
            Array.Resize(ref _definitions, 2 * Count);
            Array.Resize(ref _repetitions, 2 * Count);
        }

        _definitions[Count] = definition;
        _repetitions[Count] = repetition;
        Count++;
        Bytes += 2 * sizeof(int);
    }
}

/// <summary>Values of a type.</summary>
/// <param name="of">The value of a cell.</param>
/// <param name="bytes">About how many bytes one takes.</param>
internal sealed class ParquetLeaf<T>(Func<Cell, T> of, Func<T, int> bytes) : ParquetLeaf
    where T : struct
{
    private T[] _values = new T[64];
    private int _count;

    /// <inheritdoc/>
    public override async Task Write(ParquetRowGroupWriter group)
    {
        await group.WriteAllPartsAsync<T>(Field!, _values.AsMemory(0, _count), Definitions, Repetitions, CancellationToken.None).ConfigureAwait(false);
        Array.Clear(_values, 0, _count);
        _count = 0;
        Clear();
    }

    private protected override void Value(in Cell cell)
    {
        if (_count == _values.Length)
        {
            Array.Resize(ref _values, 2 * _count);
        }

        T value = of(cell);
        _values[_count++] = value;
        Bytes += bytes(value);
    }
}
