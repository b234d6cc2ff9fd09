using System.Buffers;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using Microsoft.AspNetCore.Http;

namespace IommuSpy.Explorer.Server;

/// <summary>What the explorer answers below its token: the page, tables and reports as JSON, and tiles of the map (docs/explorer.md).</summary>
internal sealed class Answers : IDisposable
{
    private static readonly Dictionary<string, (string Resource, string Type)> Files = new(StringComparer.Ordinal)
    {
        [""] = ("index.html", "text/html; charset=utf-8"),
        ["app.js"] = ("app.js", "text/javascript; charset=utf-8"),
        ["app.css"] = ("app.css", "text/css; charset=utf-8"),
        ["palette.css"] = ("palette.css", "text/css; charset=utf-8"),
    };

    private readonly Machine _machine;
    private readonly Dictionary<string, ServedReport> _reports;
    private readonly Func<Exception, (string Kind, string Message)> _problemOf;
    private static readonly int Slots = Environment.ProcessorCount;
    private readonly SemaphoreSlim _running = new(Slots);
    private readonly MemoryMap _map;
    private readonly MemoryTreemap _treemap;

    /// <summary>Answers of a machine.</summary>
    public Answers(Machine machine, IReadOnlyList<ServedReport> reports, Func<Exception, (string Kind, string Message)> problemOf)
    {
        _machine = machine;
        _reports = reports.ToDictionary(report => report.Name, StringComparer.Ordinal);
        _problemOf = problemOf;
        _map = new(machine);
        _treemap = new(machine);
    }

    /// <summary>The tables that can be asked for: those of the machine that need no argument.</summary>
    public static IReadOnlyList<Table> Tables { get; } = [.. AllTables.All.Where(table => table.Subject == TableSubject.Machine)];

    /// <summary>Waits for the answers that are being made: what they read goes away after this.</summary>
    public void Dispose()
    {
        for (int i = 0; i < Slots; i++)
        {
            _running.Wait();
        }

        _running.Dispose();
    }

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">Its path below the token.</param>
    public async Task To(HttpContext context, string path)
    {
        if (Files.TryGetValue(path, out (string Resource, string Type) file))
        {
            using Stream resource = typeof(Answers).Assembly.GetManifestResourceStream(file.Resource)!;
            context.Response.ContentType = file.Type;
            await resource.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        Parameters parameters = new(context.Request.Query);
        CancellationToken cancel = context.RequestAborted;
        ArrayBufferWriter<byte> body = new();
        try
        {
            await _running.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                context.Response.ContentType = await Task.Run(() => Ask(path, parameters, body, cancel), cancel).ConfigureAwait(false);
            }
            finally
            {
                _running.Release();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever input has made an answer fail, the explorer says so and goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            (string kind, string message) = _problemOf(e);
            context.Response.StatusCode = kind switch
            {
                "usage" => StatusCodes.Status400BadRequest,
                "noAnswer" => StatusCodes.Status404NotFound,
                _ => StatusCodes.Status500InternalServerError,
            };
            context.Response.ContentType = "application/json";
            body.ResetWrittenCount();
            Document(body, writer =>
            {
                writer.WriteStartObject("error"u8);
                writer.WriteString("kind"u8, kind);
                writer.WriteString("message"u8, message);
                writer.WriteEndObject();
            });
        }

        context.Response.ContentLength = body.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, cancel).ConfigureAwait(false);
    }

    // Its type.
    private string Ask(string path, Parameters parameters, ArrayBufferWriter<byte> body, CancellationToken cancel)
    {
        _machine.Kernel.Memory.Budget.ForNextQuestion();
        switch (path.Split('/'))
        {
            case ["api", "tables"]:
                Document(body, TableList);
                break;
            case ["api", "table", string name]:
                Table table = Tables.FirstOrDefault(table => table.Name == name) ?? throw new QuestionException($"there is no table '{name}'");
                Document(body, writer => Rows(table, parameters, writer, cancel));
                break;
            case ["api", "report", string name]:
                ServedReport report = _reports.GetValueOrDefault(name) ?? throw new QuestionException($"there is no report '{name}'");
                Document(body, writer =>
                {
                    writer.WriteString("report"u8, name);
                    report.Write(_machine, parameters, writer, cancel);
                });
                break;
            case ["api", "iova"]:
                Document(body, writer => IovaBands.Write(_machine, parameters, writer, cancel));
                break;
            case ["api", "treemap"]:
                Document(body, writer => _treemap.Write(parameters, writer));
                break;
            case ["api", "map"]:
                Document(body, _map.Describe);
                break;
            case ["api", "map", "tile"]:
                _map.Tile(parameters, body, cancel);
                return "application/octet-stream";
            default:
                throw new QuestionException($"there is nothing at '{path}'");
        }

        return "application/json";
    }

    private static void Document(ArrayBufferWriter<byte> body, Action<Utf8JsonWriter> members)
    {
        using Utf8JsonWriter writer = new(body, new() { Encoder = HarmlessEncoder.Instance });
        writer.WriteStartObject();
        writer.WriteNumber("version"u8, JsonNames.Version);
        members(writer);
        writer.WriteEndObject();
    }

    private void Rows(Table table, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        View view = new(
            parameters.Find("columns")?.Split(',') ?? [], [.. parameters.Each("where").Select(Condition.Parse)], parameters.Find("sort")?.Split(',') ?? []);
        writer.WriteString("table"u8, table.Name);
        RowPage.Write(table, view, new(_machine), parameters, writer, cancel);
    }

    private static void TableList(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("tables"u8);
        foreach (Table table in Tables)
        {
            writer.WriteStartObject();
            writer.WriteString("table"u8, table.Name);
            writer.WriteString("meaning"u8, table.Sentence);
            writer.WriteString("command"u8, table.Command);
            RowPage.Columns(table, writer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
