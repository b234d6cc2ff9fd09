using System.Diagnostics;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Captures;
using IommuSpy.Catalogue;
using IommuSpy.Export.Parquet;
using IommuSpy.Linux;
using IommuSpy.Linux.Running;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Export;

/// <summary>
/// Writes tables of a machine as files of one folder, DIR/capture=ID, with a record of what became of each. A file has its name only when it is whole, and the
/// record names it only then: a run that was interrupted is gone on with by running it again.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="directory">The folder of folders.</param>
/// <param name="format">In what.</param>
/// <param name="text">Makes a writer of text that lets nothing pass that a terminal may act on.</param>
internal sealed class TableExporter(Machine machine, string directory, ExportFormat format, Func<Stream, TextWriter> text)
{
    private const string RecordName = "capture.json";
    private const long MostRecordBytes = 16 << 20;
    private const int BufferBytes = 1 << 16;

    private readonly CaptureId _id = CaptureId.Of(machine);

    /// <summary>Every table that can be exported, by name: those that a machine alone answers.</summary>
    public static IReadOnlyList<Table> Tables { get; } = [.. AllTables.All.Where(table => table.Subject == TableSubject.Machine)];

    /// <summary>The folder of this capture.</summary>
    public string Folder => Path.Combine(directory, $"capture={_id}");

    /// <summary>Told of how far it is: the table, which of how many, and its rows so far.</summary>
    public Action<string, int, int, long> Progress { get; init; } = (_, _, _, _) => { };

    /// <summary>Makes the folder of folders, which its owner alone can look into, unless it is there.</summary>
    public static void MakeFolder(string directory) => PrivateFile.MakeFolder(directory);

    /// <summary>Exports tables.</summary>
    /// <param name="tables">Which.</param>
    /// <param name="force">Those too that an earlier run has exported.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public ExportReport Run(IReadOnlyList<Table> tables, bool force)
    {
        long start = Stopwatch.GetTimestamp();
        string folder = Folder;
        PrivateFile.MakeFolder(folder);
        CaptureRecord record = CaptureRecord.Of(machine, _id);
        Dictionary<string, TableRecord> known = Earlier(folder, record).ToDictionary(table => table.Table, StringComparer.Ordinal);
        List<string> kept = [];
        for (int i = 0; i < tables.Count; i++)
        {
            Table table = tables[i];
            int number = i;
            if (!force && known.TryGetValue(table.Name, out TableRecord? earlier) && IsWhole(folder, earlier))
            {
                kept.Add(table.Name);
                continue;
            }

            known[table.Name] = Export(folder, table, rows => Progress(table.Name, number, tables.Count, rows));
            Save(folder, record with { Tables = [.. known.Values.OrderBy(one => one.Table, StringComparer.Ordinal)] });
        }

        return new(_id.ToString(), folder, kept, [.. tables.Select(table => known[table.Name])], Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private TableRecord Export(string folder, Table table, Action<long> progress)
    {
        // A question each: what one table takes of what may be followed, the next has again.
        machine.Kernel.Memory.Budget.ForNextQuestion();
        string name = $"{table.Name}.{Words<ExportFormat>.Of(format)}";
        string path = Path.Combine(folder, name);
        Question question = new(machine);
        IReadOnlyList<string> Problems() => [.. question.Problems, .. machine.Kernel.Memory.Budget.Problems];
        using PrivateFile file = PrivateFile.Beside(path);
        try
        {
            progress(0);
            long rows;
            using (BufferedStream output = new(file.Stream, BufferBytes))
            {
                rows = table.Write(new Form(output, format, text, () => Metadata(table, Problems()), progress), question);
                output.Flush();
                RandomAccess.FlushToDisk(file.Handle);
            }

            file.Keep(path);
            return new(table.Name, name, rows, new FileInfo(path).Length, null, null, Problems());
        }
        catch (Exception e) when (e is MissingTypeException or LinuxDiscoveryException or RunningProcessException or QuestionException)
        {
            File.Delete(path);
            return new(table.Name, null, 0, 0, e.Message, null, Problems());
        }
        catch (Exception e) when (e is not (IOException or UnauthorizedAccessException or OutOfMemoryException))
        {
            // Of one table: the others have answers still.
            File.Delete(path);
            string message = e is AggregateException { InnerException: Exception inner } ? inner.Message : e.Message;
            return new(table.Name, null, 0, 0, null, $"{e.GetType().Name}: {message}", Problems());
        }
    }

    private Dictionary<string, string> Metadata(Table table, IReadOnlyList<string> problems) => new(StringComparer.Ordinal)
    {
        ["iommu-spy.version"] = JsonNames.Version.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["iommu-spy.capture"] = _id.ToString(),
        ["iommu-spy.table"] = table.Name,
        ["iommu-spy.sentence"] = table.Sentence,
        ["iommu-spy.columns"] = JsonSerializer.Serialize([.. table.Columns.Select(ColumnRecord.Of)], ExportJson.Line.ColumnRecordArray),
        ["iommu-spy.problems"] = JsonSerializer.Serialize(problems, ExportJson.Line.IReadOnlyListString),
    };

    // What an earlier run has done, by the same types and with the same names.
    private static IReadOnlyList<TableRecord> Earlier(string folder, CaptureRecord now)
    {
        try
        {
            CaptureRecord? earlier = JsonSerializer.Deserialize(
                Opener.ReadAll(Path.Combine(folder, RecordName), MostRecordBytes), ExportJson.Line.CaptureRecord);
            return earlier is { Tables: not null } && earlier.Version == now.Version && earlier.Capture == now.Capture && earlier.Types == now.Types
                ? [.. earlier.Tables.Where(table => table is { Table: not null, Problems: not null }).DistinctBy(table => table.Table, StringComparer.Ordinal)]
                : [];
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return [];
        }
    }

    private bool IsWhole(string folder, TableRecord table) =>
        table.File == $"{table.Table}.{Words<ExportFormat>.Of(format)}" && new FileInfo(Path.Combine(folder, table.File)) is { Exists: true } file
            && file.Length == table.Bytes;

    private static void Save(string folder, CaptureRecord record)
    {
        string path = Path.Combine(folder, RecordName);
        using PrivateFile file = PrivateFile.Beside(path);
        JsonSerializer.Serialize(file.Stream, record, ExportJson.Indented.CaptureRecord);
        file.Stream.WriteByte((byte)'\n');
        RandomAccess.FlushToDisk(file.Handle);
        file.Keep(path);
    }

    /// <summary>The rows of a table as a file, counted as they come.</summary>
    private sealed class Form(
        Stream output, ExportFormat format, Func<Stream, TextWriter> text, Func<Dictionary<string, string>> metadata, Action<long> progress) : IRowForm
    {
        public RowWriter<TRow> Of<TRow>(Table<TRow> table) => new Counted<TRow>(format switch
        {
            ExportFormat.Csv => new CsvRows<TRow>(text(output), table.Columns),
            ExportFormat.Jsonl => new JsonRows<TRow>(output, table.Name, table.Columns, lines: true, () => []),
            ExportFormat.Parquet => new ParquetRows<TRow>(output, table, metadata),
            _ => throw new UnreachableException(),
        }, progress);
    }

    private sealed class Counted<TRow>(RowWriter<TRow> rows, Action<long> progress) : RowWriter<TRow>
    {
        private const long RowsBetweenReports = 1 << 14;
        private long _count;

        public override void Add(TRow row)
        {
            rows.Add(row);
            if (++_count % RowsBetweenReports == 0)
            {
                progress(_count);
            }
        }

        public override void Complete() => rows.Complete();

        public override void Dispose() => rows.Dispose();
    }
}
