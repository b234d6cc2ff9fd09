using System.IO.Compression;
using IommuSpy.Catalogue;
using Parquet;
using Parquet.Schema;

namespace IommuSpy.Export.Parquet;

/// <summary>
/// Rows as Apache Parquet: addresses and numbers as unsigned 64-bit, lists and records as nested columns, Zstandard. Rows wait in memory until a row group is
/// full; a file that was not completed has no footer that anybody reads, since it never gets its name.
/// </summary>
internal sealed class ParquetRows<TRow> : RowWriter<TRow>
{
    // DuckDB and its kin work through row groups of this size side by side, and skip those whose bounds rule them out.
    private const int MostRows = 1 << 17;
    private const long MostBytes = 64 << 20;
    private const int RowsBetweenLooks = 1 << 10;

    private static readonly ParquetOptions Options = new()
    {
        CompressionMethod = CompressionMethod.Zstd,
        CompressionLevel = CompressionLevel.Fastest,

        // A column that repeats itself, as names, flags and kinds do, becomes numbers of a dictionary, run-length encoded; one that does not is found out soon.
        DictionaryEncodingThreshold = 0.5,
        DictionaryEncodingSampleSize = 1 << 12,
        MaximumSmallPoolFreeBytes = 16 << 20,
        MaximumLargePoolFreeBytes = 64 << 20,
    };

    private readonly IReadOnlyList<Column<TRow>> _columns;
    private readonly ParquetNode[] _nodes;
    private readonly ParquetLeaf[] _leaves;
    private readonly ParquetWriter _writer;
    private readonly Func<Dictionary<string, string>> _metadata;
    private int _rows;
    private bool _disposed;

    /// <summary>Begins a file.</summary>
    /// <param name="output">Where to; it can seek.</param>
    /// <param name="table">The table.</param>
    /// <param name="metadata">What the file says of itself, as far as it is known at its end.</param>
    public ParquetRows(Stream output, Table<TRow> table, Func<Dictionary<string, string>> metadata)
    {
        _columns = table.Columns;
        _metadata = metadata;
        _nodes = [.. _columns.Select(ParquetNode.Of)];
        _leaves = [.. _nodes.SelectMany(node => node.Leaves)];
        ParquetSchema schema = new([.. _nodes.Select(node => node.Field)]);
        foreach ((ParquetLeaf leaf, DataField field) in _leaves.Zip(schema.GetDataFields()))
        {
            leaf.Field = field;
        }

        _writer = Wait(ParquetWriter.CreateAsync(schema, output, Options));
    }

    /// <inheritdoc/>
    public override void Add(TRow row)
    {
        for (int i = 0; i < _nodes.Length; i++)
        {
            _nodes[i].Add(_columns[i].WholeOf(row), 0, 0, 0);
        }

        _rows++;
        if (_rows == MostRows || (_rows % RowsBetweenLooks == 0 && _leaves.Sum(leaf => leaf.Bytes) > MostBytes))
        {
            WriteGroup();
        }
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        if (_rows > 0)
        {
            WriteGroup();
        }

        _writer.CustomMetadata = _metadata();
        Dispose();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Wait(_writer.DisposeAsync().AsTask());
        }
    }

    private void WriteGroup()
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        foreach (ParquetLeaf leaf in _leaves)
        {
            Wait(leaf.Write(group));
        }

        _rows = 0;
    }

    // Files are written at once: there is nothing to do meanwhile.
    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
