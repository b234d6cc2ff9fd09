using DuckDB.NET.Native;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>
/// One reading of a table by DuckDB, which asks for some rows at a time, while a table hands its rows over: the table has a thread of its own, and of the two
/// only ever one runs. What nobody asks for any more, as behind a LIMIT, is not looked for.
/// </summary>
internal sealed class TableScan : IDisposable, IRowForm
{
    // What tables do on the thread that the program begins with, they do here.
    private const int StackBytes = 8 << 20;

    private readonly SemaphoreSlim _wanted = new(0);
    private readonly SemaphoreSlim _ready = new(0);
    private readonly TableSource _source;
    private readonly int[] _columns;
    private readonly IReadOnlyList<(Filter Filter, string Text)> _parts;
    private readonly ulong _most = NativeMethods.Helpers.DuckDBVectorSize();
    private Thread? _thread;
    private nint _chunk;
    private ulong _rows;
    private bool _attached;
    private bool _complete;
    private bool _givenUp;
    private Exception? _failure;

    /// <summary>Begins a reading; nothing is looked for yet.</summary>
    /// <param name="source">The table.</param>
    /// <param name="columns">Which of its columns, in the order of DuckDB's vectors; one that it has not stands for none.</param>
    /// <param name="parts">The parts of the table that are asked for; empty for all of it.</param>
    public TableScan(TableSource source, int[] columns, IReadOnlyList<(Filter Filter, string Text)> parts)
    {
        _source = source;
        _parts = parts;
        _columns = columns;
    }

    /// <summary>Fills a chunk with the next rows.</summary>
    /// <returns>How many; 0 when there are no more.</returns>
    /// <exception cref="TableFailedException">The table has no answer.</exception>
    public ulong Fill(nint chunk)
    {
        if (_complete)
        {
            return 0;
        }

        (_chunk, _rows, _attached) = (chunk, 0, false);
        if (_thread is null)
        {
            _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = $"table {_source.Table.Name}" };
            _thread.Start();
        }
        else
        {
            _wanted.Release();
        }

        _ready.Wait();
        return _failure is null ? _rows : throw new TableFailedException(_source.Name, _failure);
    }

    /// <inheritdoc/>
    public RowWriter<TRow> Of<TRow>(Table<TRow> table) => new Writer<TRow>(this, table.Columns);

    /// <summary>Nothing more is wanted.</summary>
    public void Dispose()
    {
        if (_thread is not null && !_complete)
        {
            _givenUp = true;
            _wanted.Release();
            _thread.Join();
        }

        _wanted.Dispose();
        _ready.Dispose();
    }

    private void Run()
    {
        try
        {
            _source.Write(this, _parts);
        }
        catch (Exception e)
        {
            // Of a reading that was given up, what ended it.
            _failure = _givenUp ? null : e;
        }

        _complete = true;
        _ready.Release();
    }

    private sealed class GivenUpException() : OperationCanceledException("nobody wants more rows");

    private sealed class Writer<TRow>(TableScan scan, IReadOnlyList<Column<TRow>> all) : RowWriter<TRow>
    {
        private readonly (int Place, Column<TRow> Column, VectorWriter Vector)[] _columns =
        [
            .. scan._columns.Select((column, place) => (Place: place, Number: column)).Where(column => column.Number < all.Count)
                .Select(column => (column.Place, all[column.Number], VectorWriter.Of(all[column.Number]))),
        ];

        public override void Add(TRow row)
        {
            if (scan._rows == scan._most)
            {
                scan._ready.Release();
                scan._wanted.Wait();
            }

            if (scan._givenUp)
            {
                throw new GivenUpException();
            }

            if (!scan._attached)
            {
                Attach();
            }

            foreach ((_, Column<TRow> column, VectorWriter vector) in _columns)
            {
                vector.Write(scan._rows, column.WholeOf(row));
            }

            scan._rows++;
        }

        public override void Dispose()
        {
        }

        private void Attach()
        {
            using DuckDBDataChunk chunk = new(scan._chunk);
            foreach ((int place, _, VectorWriter vector) in _columns)
            {
                vector.Attach(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, place));
            }

            scan._attached = true;
        }
    }
}
