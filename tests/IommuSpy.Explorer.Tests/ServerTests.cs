using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using IommuSpy.Cli;
using IommuSpy.Cli.Explore;
using IommuSpy.Explorer.Server;

namespace IommuSpy.Explorer.Tests;

/// <summary>What the explorer answers, and to whom, of a machine that was built in code.</summary>
public sealed class ServerTests(BuiltMachine built) : IClassFixture<BuiltMachine>, IAsyncLifetime
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly HttpClient _client = new(new HttpClientHandler { AllowAutoRedirect = false });
    private ExplorerServer _server = null!;

    public async ValueTask InitializeAsync() =>
        _server = await ExplorerServer.StartAsync(built.Machine, ServedReports.All, CommandRunner.NamedProblem, port: 0);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task The_page_and_its_files_are_served_with_a_policy_that_lets_nothing_else_in()
    {
        foreach (string file in new[] { "", "app.js", "app.css", "palette.css" })
        {
            using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, file), Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            string text = await answer.Content.ReadAsStringAsync(Cancelled);
            Assert.NotEmpty(text);
            Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET", "", null, null, null, 404)]
    [InlineData("GET", "00000000000000000000000000000000/", null, null, null, 404)]
    [InlineData("GET", "00000000000000000000000000000000/api/tables", null, null, null, 404)]
    [InlineData("GET", "{token}/../", null, null, null, 404)]
    [InlineData("GET", "{token}", null, null, null, 302)]
    [InlineData("GET", "{token}/", "evil.example", null, null, 403)]
    [InlineData("GET", "{token}/", "evil.example:{port}", null, null, 403)]
    [InlineData("GET", "{token}/", "localhost:{port}", null, null, 200)]
    [InlineData("GET", "{token}/api/tables", null, "http://evil.example", null, 403)]
    [InlineData("GET", "{token}/api/tables", null, "null", null, 403)]
    [InlineData("GET", "{token}/api/tables", null, "http://127.0.0.1:{port}", null, 200)]
    [InlineData("GET", "{token}/api/tables", null, null, "cross-site", 403)]
    [InlineData("GET", "{token}/api/tables", null, null, "same-origin", 200)]
    [InlineData("POST", "{token}/api/tables", null, null, null, 405)]
    [InlineData("DELETE", "{token}/", null, null, null, 405)]
    [InlineData("GET", "{token}/api/nothing", null, null, null, 400)]
    [InlineData("GET", "{token}/../../etc/passwd", null, null, null, 404)]
    public async Task Only_who_has_the_token_and_comes_from_the_page_is_answered(
        string method, string path, string? host, string? origin, string? site, int status)
    {
        string Whole(string text) => text.Replace("{token}", _server.Address.Segments[1].TrimEnd('/'), StringComparison.Ordinal)
            .Replace("{port}", $"{_server.Address.Port}", StringComparison.Ordinal);
        using HttpRequestMessage request = new(new(method), new Uri($"http://127.0.0.1:{_server.Address.Port}/{Whole(path)}"));
        request.Headers.Host = host is null ? null : Whole(host);
        if (origin is not null)
        {
            request.Headers.Add("Origin", Whole(origin));
        }

        if (site is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }

        using HttpResponseMessage answer = await _client.SendAsync(request, Cancelled);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Two_servers_have_different_tokens()
    {
        await using ExplorerServer other = await ExplorerServer.StartAsync(built.Machine, [], CommandRunner.NamedProblem, port: 0);
        Assert.NotEqual(_server.Address.AbsolutePath, other.Address.AbsolutePath);
        Assert.Matches("^/[0-9a-f]{32}/$", other.Address.AbsolutePath);
    }

    [Fact]
    public async Task Pages_of_a_table_are_together_the_table()
    {
        JsonElement whole = await Ask("api/table/ps?limit=1000&sort=pid");
        string[] all = [.. whole.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText())];
        Assert.False(whole.GetProperty("more").GetBoolean());
        Assert.Equal(all.Length, whole.GetProperty("count").GetInt32());
        List<string> paged = [];
        for (bool more = true; more;)
        {
            JsonElement page = await Ask($"api/table/ps?limit=2&sort=pid&offset={paged.Count}");
            JsonElement[] rows = [.. page.GetProperty("rows").EnumerateArray()];
            Assert.InRange(rows.Length, 1, 2);
            paged.AddRange(rows.Select(row => row.GetRawText()));
            more = page.GetProperty("more").GetBoolean();
        }

        Assert.Equal(all, paged);
    }

    [Fact]
    public async Task Every_table_answers_or_says_in_one_line_why_not()
    {
        JsonElement tables = await Ask("api/tables");
        string[] names = [.. tables.GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("table").GetString()!)];
        Assert.True(names.Length > 20, string.Join(' ', names));
        foreach (string name in names)
        {
            using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, $"api/table/{name}?limit=3"), Cancelled);
            JsonElement document = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancelled));
            Assert.Equal(2, document.GetProperty("version").GetInt32());
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                JsonElement error = document.GetProperty("error");
                Assert.Equal($"{name} noAnswer", $"{name} {error.GetProperty("kind").GetString()}");
                Assert.DoesNotContain('\n', error.GetProperty("message").GetString()!);
            }
        }
    }

    [Theory]
    [InlineData("api/table/nonsense", 400)]
    [InlineData("api/table/ps?where=nonsense", 400)]
    [InlineData("api/table/ps?where=nope%3D1", 400)]
    [InlineData("api/table/ps?sort=nope", 400)]
    [InlineData("api/table/ps?limit=0", 400)]
    [InlineData("api/table/ps?limit=1001", 400)]
    [InlineData("api/table/ps?offset=-1", 400)]
    [InlineData("api/table/ps?limit=1&limit=2", 400)]
    [InlineData("api/report/nonsense", 400)]
    [InlineData("api/report/explain", 400)]
    [InlineData("api/report/explain?at=no_such_symbol", 404)]
    [InlineData("api/report/explain?at=init_task&pid=99999", 404)]
    [InlineData("api/report/explain?at=0x1000&device=ff%3A1f.7", 404)]
    [InlineData("api/map/tile?cells=65537", 400)]
    [InlineData("api/map/tile?shift=99", 400)]
    [InlineData("api/map/tile?first=99999999999999999999", 400)]
    [InlineData("api/map/tile?device=ff%3A1f.7", 400)]
    public async Task A_question_that_makes_no_sense_is_refused_in_one_line(string path, int status)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, path), Cancelled);
        Assert.Equal(status, (int)answer.StatusCode);
        string message = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancelled)).GetProperty("error").GetProperty("message").GetString()!;
        Assert.NotEmpty(message);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("an error of this program", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_name_is_text_in_json_and_no_type_of_answer_is_html()
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, "api/table/ps?columns=comm"), Cancelled);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        JsonElement rows = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancelled)).GetProperty("rows");
        Assert.Equal(built.Renamed, rows.EnumerateArray().Count(row => row.GetProperty("comm").GetString() == BuiltMachine.Hostile));
    }

    [Fact]
    public async Task Explain_answers_as_the_command_does()
    {
        JsonElement answer = (await Ask("api/report/explain?at=init_task%2B8")).GetProperty("answers")[0];
        Assert.Equal("init_task+0x8", answer.GetProperty("symbol").GetString());
        Analysis.Explain.Explanation expected = Analysis.Explain.Explanation.Of(built.Machine, Addresses.Virtual(built.Machine, "init_task+8"));
        Assert.Equal(expected.Physical!.Value.ToString(), answer.GetProperty("physical").GetString());
    }

    [Theory]
    [InlineData("api/iova", "device is missing: ?device=...")]
    [InlineData("api/iova?device=0000:00:01.0", "this machine has no device '0000:00:01.0'")]
    [InlineData("api/treemap?width=9000", "width is a number from 200 to 8000")]
    public async Task What_makes_no_sense_is_refused_in_one_line(string path, string why)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, path), Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        JsonElement error = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancelled)).GetProperty("error");
        Assert.Equal(("usage", why), (error.GetProperty("kind").GetString(), error.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("api/map")]
    [InlineData("api/treemap")]
    public async Task A_map_of_a_kernel_whose_pages_nothing_describes_says_so(string path)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address, path), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("no type 'page' is described", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_waits_for_any_more_is_given_up_and_the_server_goes_on()
    {
        // More than are answered at once: each that kept its place would keep the last question waiting.
        Uri costly = new(_server.Address, "api/table/pages?sort=owner");
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            using TcpClient gone = new();
            await gone.ConnectAsync(costly.Host, costly.Port, Cancelled);
            await gone.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {costly.PathAndQuery} HTTP/1.1\r\nHost: {costly.Authority}\r\n\r\n"), Cancelled);

            // Closed with a reset, as by a browser that is killed.
            gone.LingerState = new(enable: true, seconds: 0);
        }

        Assert.Equal(2, (await Ask("api/tables")).GetProperty("version").GetInt32());
    }

    private async Task<JsonElement> Ask(string path) => JsonElement.Parse(await _client.GetStringAsync(new Uri(_server.Address, path), Cancelled));
}
