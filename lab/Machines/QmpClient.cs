using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace IommuSpy.Lab.Machines;

/// <summary>QEMU's monitor (docs/interop/qmp-spec): one JSON object a line, over a Unix socket.</summary>
internal sealed class QmpClient : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;

    private QmpClient(Socket socket)
    {
        _socket = socket;
        var stream = new NetworkStream(socket);
        _reader = new StreamReader(stream, Encoding.UTF8);
        _writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }

    public static QmpClient Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new LabException($"QEMU's monitor does not answer: {error.Message}", error);
        }

        var client = new QmpClient(socket);
        client.ReadLine();
        client.Execute("qmp_capabilities");
        return client;
    }

    /// <summary>Runs a command and returns its answer; events that arrive before it are dropped.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }

        _writer.WriteLine(request.ToJsonString());
        while (true)
        {
            JsonNode? message = JsonNode.Parse(ReadLine());
            if (message?["error"] is { } error)
            {
                throw new LabException($"QEMU refused {command} {arguments?.ToJsonString()}: {error["desc"]}");
            }

            if (message is JsonObject answer && answer.ContainsKey("return"))
            {
                return answer["return"];
            }
        }
    }

    /// <summary>Runs a command of the human monitor, of a CPU, and returns what it prints.</summary>
    public string ExecuteHuman(string command, int cpu = 0)
    {
        var arguments = new JsonObject { ["command-line"] = command, ["cpu-index"] = cpu };
        return Execute("human-monitor-command", arguments)?.GetValue<string>().ReplaceLineEndings("\n") ?? "";
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
        _socket.Dispose();
    }

    private string ReadLine()
    {
        try
        {
            return _reader.ReadLine() ?? throw new LabException("QEMU ended while it was being asked");
        }
        catch (IOException error)
        {
            throw new LabException("QEMU ended while it was being asked", error);
        }
    }
}
