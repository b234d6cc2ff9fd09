using System.Net;
using System.Net.Sockets;
using System.Text;
using IommuSpy.Memory.Sources.Gdb;
using IommuSpy.Memory.Sources.Qemu;

namespace IommuSpy.Memory.Tests.Live;

/// <summary>Servers that never say what they were asked for, though they always say something: each ends in one line, however fast or slow they are.</summary>
public sealed class SlowServerTests
{
    private const int Patience = 200;

    // For what ends by its size, however slow this machine is.
    private const int LongPatience = 60_000;
    private const string Greeting = "{\"QMP\": {}}\n";

    /// <summary>What a QMP server goes on saying after its greeting, and with what the answer ends.</summary>
    public static TheoryData<string, string> QmpServers => new()
    {
        { "", "no answer in 0.2 seconds" },
        { "\n", "no answer in 0.2 seconds" },
        { "{\"event\": \"STOP\"}\n", "no answer in 0.2 seconds" },
        { "[", "no answer in 0.2 seconds" },
        { new string('[', 1 << 20), "a reply of more than 16 MiB" },
        { "[]\n", "does not speak QMP" },
        { "\"\\ud800\"\n", "does not speak QMP" },
    };

    /// <summary>What a stub goes on saying.</summary>
    public static TheoryData<string, string> GdbServers => new()
    {
        { "", "no answer in 0.2 seconds" },
        { "+", "no answer in 0.2 seconds" },
        { "$a", "no answer in 0.2 seconds" },
        { "$" + new string('a', 1 << 20), "a packet of more than 1 MiB" },
    };

    [Theory]
    [MemberData(nameof(QmpServers))]
    public async Task A_QMP_server_that_never_answers_is_left(string says, string ends)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "qmp");
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await using Server server = new(socket, new UnixDomainSocketEndPoint(path), Greeting, _ => says);
        MemoryImageException end = Assert.Throws<MemoryImageException>(() => QmpClient.Connect("qemu:it", path, PatienceFor(ends)).Dispose());
        Assert.Contains(ends, end.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(GdbServers))]
    public async Task A_stub_that_never_answers_is_left(string says, string ends)
    {
        await using Server server = new(Tcp(), new IPEndPoint(IPAddress.Loopback, 0), "", _ => says);
        MemoryImageException end = Assert.Throws<MemoryImageException>(
            () => GdbClient.Connect("gdb:it", "127.0.0.1", server.Port, PatienceFor(ends)).Dispose());
        Assert.Contains(ends, end.Message, StringComparison.Ordinal);
    }

    /// <summary>Each answer is in time, and there is always one more piece, one more file, one more thread.</summary>
    [Fact]
    public async Task A_stub_whose_description_never_ends_is_left()
    {
        await using Server server = new(Tcp(), new IPEndPoint(IPAddress.Loopback, 0), "", asked => asked.Length > 0 ? Packet("mx") : "");
        using GdbClient gdb = GdbClient.Connect("gdb:it", "127.0.0.1", server.Port, Patience);
        Action askOn = () =>
        {
            while (true)
            {
                gdb.Ask("qsThreadInfo");
            }
        };
        MemoryImageException end = Assert.Throws<MemoryImageException>(askOn);
        Assert.Matches("^gdb:it: (the stub did not describe its guest in 1.2|no answer in 0.2) seconds$", end.Message);
    }

    private static int PatienceFor(string ends) => ends.Contains("seconds", StringComparison.Ordinal) ? Patience : LongPatience;

    private static Socket Tcp() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static string Packet(string data) => $"+${data}#{data.Sum(c => c) & 0xff:x2}";

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("iommu-spy-server-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    /// <summary>Says something when somebody comes, and then every few milliseconds what it has to say to what was asked meanwhile, if anything was.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly Socket _listener;
        private readonly CancellationTokenSource _end = new();
        private readonly Task _run;

        public Server(Socket listener, EndPoint at, string first, Func<string, string> next)
        {
            _listener = listener;
            listener.Bind(at);
            listener.Listen(1);
            _run = Task.Run(() => Run(first, next));
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            _listener.Dispose();
            await _run;
            _end.Dispose();
        }

        private async Task Run(string first, Func<string, string> next)
        {
            try
            {
                using Socket client = await _listener.AcceptAsync(_end.Token);
                await client.SendAsync(Encoding.UTF8.GetBytes(first), _end.Token);
                byte[] asked = new byte[4096];
                while (true)
                {
                    int got = client.Available > 0 ? await client.ReceiveAsync(asked, _end.Token) : 0;
                    await client.SendAsync(Encoding.UTF8.GetBytes(next(Encoding.UTF8.GetString(asked, 0, got))), _end.Token);
                    await Task.Delay(1, _end.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The client has seen enough.
            }
        }
    }
}
