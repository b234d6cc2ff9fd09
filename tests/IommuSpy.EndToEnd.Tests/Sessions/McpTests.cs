using System.Text.Json;
using IommuSpy.Lab;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace IommuSpy.EndToEnd.Tests.Sessions;

/// <summary>The server for assistants, asked by the protocol's own client: what each tool answers is what its command answers by itself, whole.</summary>
public sealed class McpTests
{
    private const string Query = "SELECT kind, count(*) AS n FROM pages GROUP BY kind ORDER BY n DESC, kind";
    private static readonly CaptureSpec Guest = Guests.All.First(guest => guest.Memory.Bytes < 1L << 30);

    private static string Image => Guests.Capture(Guest.Name).RamFile;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_tool_answers_what_its_command_answers_by_itself()
    {
        WorkloadMapping workload = Guests.Capture(Guest.Name).Workload[0];
        string range = $"0x{workload.Start:x}-0x{workload.Start + 0x1000:x}";
        (string Tool, Dictionary<string, object?> Given, string[] Words)[] calls =
        [
            ("info", [], ["-J"]),
            ("explain", new() { ["addr"] = new[] { "init_task", "0x1" } }, ["-J", "init_task", "0x1"]),
            ("explain", new() { ["addr"] = $"0x{workload.Start:x}", ["pid"] = workload.Pid }, ["-J", "--pid", $"{workload.Pid}", $"0x{workload.Start:x}"]),
            ("translate", new() { ["addr"] = new[] { "init_task" } }, ["--jsonl", "init_task"]),
            ("maps", new() { ["pid"] = $"{workload.Pid}", ["range"] = range }, ["--jsonl", "--pid", $"{workload.Pid}", "--range", range]),
            ("ps", new() { ["columns"] = "pid,comm", ["where"] = new[] { "comm=k*", "pid>5" }, ["sort"] = "pid:desc" },
                ["--jsonl", "--columns", "pid,comm", "--where", "comm=k*", "--where", "pid>5", "--sort", "pid:desc"]),
            ("vmas", new() { ["pid"] = $"{workload.Pid}" }, ["--jsonl", $"{workload.Pid}"]),
            ("who", new() { ["phys"] = new[] { "init_task" } }, ["--jsonl", "init_task"]),
            ("dmesg", new() { ["rows"] = 10_000 }, ["--jsonl"]),
            ("devices", [], ["--jsonl"]),
            ("exposure", [], ["--jsonl"]),
            ("hidden", [], ["--jsonl"]),
            ("hooks", [], ["--jsonl"]),
            ("sql", new() { ["query"] = Query }, ["--jsonl", Query]),
            ("memory", new() { ["rows"] = 1000 }, ["--jsonl"]),
            ("modules", new() { ["rows"] = 1000 }, ["--jsonl"]),
            ("find", new() { ["pattern"] = new[] { "Linux version" }, ["limit"] = 3 }, ["--jsonl", "--limit", "3", "Linux version"]),
            ("struct", new() { ["expr"] = new[] { "init_task.comm" } }, ["--jsonl", "init_task.comm"]),
            ("dis", new() { ["addr"] = "schedule", ["count"] = 5 }, ["--jsonl", "--count", "5", "schedule"]),
            ("page", new() { ["pfn"] = new[] { "pfn:1" } }, ["-J", "pfn:1"]),
            ("read", new() { ["addr"] = "0x1000", ["physical"] = true }, ["-J", "--physical", "0x1000"]),
        ];
        await using McpClient client = await StartAsync();
        foreach ((string tool, Dictionary<string, object?> given, string[] words) in calls)
        {
            CallToolResult answer = await client.CallToolAsync(tool, given, cancellationToken: Cancelled);
            Cli.Outcome alone = Cli.Run([tool, .. words, "-s", Image]);
            Assert.Equal((tool, alone.Output.Length == 0 ? "There are no rows." : alone.Output), (tool, Text(answer, 0)));
            Assert.Equal((tool, alone.ExitCode > 1), (tool, answer.IsError == true));
        }

        CallToolResult tables = await client.CallToolAsync("tables", new Dictionary<string, object?> { ["name"] = "ps" }, cancellationToken: Cancelled);
        Assert.Equal(Cli.Run("tables", "ps", "--jsonl").Output, Text(tables, 0));
    }

    [Fact]
    public async Task An_answer_has_as_many_rows_as_are_asked_for_and_says_that_there_are_more()
    {
        string[] all = Cli.Run("symbols", "-s", Image, "--jsonl").Lines;
        await using McpClient client = await StartAsync();
        CallToolResult usual = await client.CallToolAsync("symbols", cancellationToken: Cancelled);
        Assert.Equal(string.Join('\n', all.Take(100)) + "\n", Text(usual, 0));
        Assert.Equal("There are more rows than these 100: ask with where, or for more rows.", Text(usual, 1));
        CallToolResult more = await client.CallToolAsync("symbols", new Dictionary<string, object?> { ["rows"] = 7000 }, cancellationToken: Cancelled);
        Assert.Equal(string.Join('\n', all.Take(7000)) + "\n", Text(more, 0));
        Assert.Equal(2, more.Content.Count);
        CallToolResult large = await client.CallToolAsync("symbols", new Dictionary<string, object?> { ["rows"] = 10_000 }, cancellationToken: Cancelled);
        Assert.InRange(Text(large, 0).Length, 900_000, 1 << 20);
        Assert.StartsWith(Text(large, 0), string.Join('\n', all), StringComparison.Ordinal);
        CallToolResult one = await client.CallToolAsync("symbols", new Dictionary<string, object?> { ["pattern"] = "init_task" }, cancellationToken: Cancelled);
        Assert.Single(one.Content);
    }

    [Fact]
    public async Task No_tool_writes_names_a_file_of_this_machine_or_fails_otherwise_than_in_a_line()
    {
        await using McpClient client = await StartAsync();
        IList<McpClientTool> tools = await client.ListToolsAsync(cancellationToken: Cancelled);
        string[] names = [.. tools.Select(tool => tool.Name)];
        Assert.Superset(
            new HashSet<string>(["info", "explain", "who", "devices", "sql", "tables"], StringComparer.Ordinal), names.ToHashSet(StringComparer.Ordinal));
        Assert.Empty(names.Intersect(["write", "convert", "acquire", "export", "report", "serve", "shell", "mcp", "watch"], StringComparer.Ordinal));
        foreach (McpClientTool tool in tools)
        {
            JsonElement properties = tool.JsonSchema.GetProperty("properties");
            foreach (JsonProperty property in properties.EnumerateObject())
            {
                Assert.Matches("^[a-z][a-z0-9-]*$", property.Name);
                Assert.DoesNotContain(property.Name, (string[])["source", "types", "extract", "parquet", "patterns", "force", "no-sandbox"]);
            }

            // Whether it can be answered so or not.
            CallToolResult bare = await client.CallToolAsync(tool.Name, new Dictionary<string, object?>(), cancellationToken: Cancelled);
            Assert.All(bare.Content.OfType<TextContentBlock>(), text =>
                Assert.DoesNotContain("internal", text.Text[..Math.Min(100, text.Text.Length)], StringComparison.Ordinal));
        }

        (string Tool, Dictionary<string, object?> Given, string Message)[] wrong =
        [
            ("who", new() { ["types"] = "/etc/passwd" }, "who has no parameter 'types'"),
            ("cache", new() { ["extract"] = "/tmp/x", ["file"] = "/etc/passwd" }, "cache has no parameter 'extract'"),
            ("ps", new() { ["rows"] = 0 }, "rows is a number from 1 to 10000"),
            ("ps", new() { ["rows"] = "many" }, "rows is a number from 1 to 10000"),
            ("ps", new() { ["tree"] = "yes" }, "tree is true or false"),
            ("ps", new() { ["columns"] = true }, "columns is a text"),
            ("pss", [], "there is no tool 'pss'; did you mean ps?"),
        ];
        foreach ((string tool, Dictionary<string, object?> given, string message) in wrong)
        {
            CallToolResult refused = await client.CallToolAsync(tool, given, cancellationToken: Cancelled);
            Assert.True(refused.IsError);
            Assert.Equal(message, Text(refused, 0));
        }

        // A word that looks like an option is a word.
        CallToolResult word = await client.CallToolAsync("explain", new Dictionary<string, object?> { ["addr"] = new[] { "--source=/etc/passwd" } },
            cancellationToken: Cancelled);
        Assert.Contains("--source=/etc/passwd", Text(word, 0), StringComparison.Ordinal);
        Assert.DoesNotContain("root:", Text(word, 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_is_given_up_and_the_next_is_answered()
    {
        await using McpClient client = await StartAsync();
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<CallToolResult> given = client.CallToolAsync("pages", new Dictionary<string, object?> { ["where"] = new[] { "kind=nosuch" } },
            cancellationToken: patience.Token).AsTask();
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        CallToolResult next = await client.CallToolAsync("who", new Dictionary<string, object?> { ["phys"] = new[] { "init_task" } },
            cancellationToken: Cancelled);
        Assert.Equal(Cli.Run("who", "-s", Image, "init_task", "--jsonl").Output, Text(next, 0));
    }

    [Fact]
    public async Task Lines_that_are_no_messages_are_passed_over_and_the_input_s_end_is_the_server_s()
    {
        const string Hello = """
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
            """;
        using (Cli.Conversation server = Cli.Start("mcp", "-s", Image))
        {
            string begun = await server.Ask("nonsense\n" + Hello);
            Assert.Contains("an attacker may have written", begun, StringComparison.Ordinal);
            (string Message, string Answer)[] messages =
            [
                ("""{"jsonrpc":"2.0","id":2,"method":"nosuch"}""", "error"),
                ("""{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":7}}""", "error"),
                ("""{"jsonrpc":"2.0","id":4,"method":"ping"}""", "result"),
            ];
            _ = await server.Ask("""{"jsonrpc":"2.0","method":"notifications/initialized"}""" + "\n[]\n" + messages[^1].Message);
            foreach ((string message, string answer) in messages)
            {
                using JsonDocument document = JsonDocument.Parse(await server.Ask(message));
                Assert.True(document.RootElement.TryGetProperty(answer, out _), message);
            }
        }

        Cli.Outcome none = Cli.RunWithInput("", "mcp", "-s", Image);
        Assert.Equal((0, "", ""), (none.ExitCode, none.Output, none.Error));
        none = Cli.RunWithInput("", "mcp", "-s", "/nosuch");
        Assert.Equal((3, "", "iommu-spy: /nosuch: no such file\n"), (none.ExitCode, none.Output, none.Error));
    }

    private static Task<McpClient> StartAsync() => McpClient.CreateAsync(
        new StdioClientTransport(new()
        {
            Command = Cli.Program(),
            Arguments = ["mcp", "-s", Image],
            EnvironmentVariables = new Dictionary<string, string?>(StringComparer.Ordinal) { [Cli.DuckDb.Variable] = Cli.DuckDb.Library },
        }), cancellationToken: Cancelled);

    private static string Text(CallToolResult answer, int at) => Assert.IsType<TextContentBlock>(answer.Content[at]).Text;
}
