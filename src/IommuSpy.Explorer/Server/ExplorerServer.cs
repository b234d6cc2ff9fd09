using System.Net;
using IommuSpy.Analysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IommuSpy.Explorer.Server;

/// <summary>
/// Serves one opened machine to a browser on this one: on 127.0.0.1 alone, under an address that begins with a <see cref="Token"/>, to nothing but pages
/// that it has served itself, and for reading alone.
/// </summary>
internal sealed class ExplorerServer : IAsyncDisposable
{
    private const int MostConnections = 64;
    private const int MostRequestBytes = 16 << 10;
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'";

    private readonly Token _token = Token.New();
    private readonly WebApplication _application;
    private readonly Answers _answers;

    private ExplorerServer(WebApplication application, Answers answers)
    {
        _application = application;
        _answers = answers;
        application.Run(Answer);
    }

    /// <summary>Where the page is.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Begins to serve.</summary>
    /// <param name="machine">The machine, which stays the caller's.</param>
    /// <param name="reports">The answers that are no tables.</param>
    /// <param name="problemOf">What an exception is called, and what it says to people.</param>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<ExplorerServer> StartAsync(
        Machine machine, IReadOnlyList<ServedReport> reports, Func<Exception, (string Kind, string Message)> problemOf, int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.AllowSynchronousIO = false;
            options.Limits.MaxConcurrentConnections = MostConnections;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxRequestLineSize = MostRequestBytes;
            options.Limits.MaxRequestHeadersTotalSize = MostRequestBytes;
            options.Listen(IPAddress.Loopback, port);
        });
        WebApplication application = builder.Build();
        ExplorerServer server = new(application, new(machine, reports, problemOf));
        try
        {
            await application.StartAsync().ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        string where = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server.Address = new($"http://127.0.0.1:{new Uri(where).Port}/{server._token}/");
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync().ConfigureAwait(false);
        await _application.StopAsync(now.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _answers.Dispose();
    }

    private async Task Answer(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        if (Refusal(context.Request) is (int status, string why))
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(why + "\n", context.RequestAborted).ConfigureAwait(false);
            return;
        }

        string path = context.Request.Path.Value!;
        int end = path.IndexOf('/', 1);
        if (end < 0)
        {
            context.Response.Redirect(Address.AbsolutePath);
            return;
        }

        await _answers.To(context, path[(end + 1)..]).ConfigureAwait(false);
    }

    // A name that leads to this machine (DNS rebinding) shows in Host; a page of another site, in Origin or Sec-Fetch-Site.
    private (int Status, string Why)? Refusal(HttpRequest request)
    {
        string here = $"127.0.0.1:{Address.Port}";
        string local = $"localhost:{Address.Port}";
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            return (StatusCodes.Status405MethodNotAllowed, "the explorer is for reading alone");
        }

        if (request.Host.Value != here && request.Host.Value != local)
        {
            return (StatusCodes.Status403Forbidden, "the explorer answers on this machine alone, by the address that it has said");
        }

        string[] origins = [.. request.Headers.Origin.OfType<string>()];
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        if (origins.Any(origin => origin != $"http://{request.Host.Value}") || site is not ("" or "same-origin" or "none"))
        {
            return (StatusCodes.Status403Forbidden, "the explorer answers its own pages alone");
        }

        string path = request.Path.Value ?? "";
        int end = path.IndexOf('/', Math.Min(1, path.Length));
        return path.Length > 1 && _token.Is(end < 0 ? path[1..] : path[1..end]) ? null
            : (StatusCodes.Status404NotFound, "nothing is here: open the whole address that `iommu-spy serve` has said");
    }
}
