using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>
/// QEMU's machine protocol on a unix socket: one command at a time, events passed over (QEMU, docs/interop/qmp-spec.rst). Safe to share between threads.
/// </summary>
internal sealed class QmpClient : IDisposable
{
    private const int MostReplyBytes = 16 << 20;
    private const int PatienceMilliseconds = 10_000;

    // SOL_SOCKET and SO_PEERCRED: struct ucred, whose first member is the process.
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    private static readonly TimeSpan OthersTurn = TimeSpan.FromSeconds(1);

    private readonly string _name;
    private readonly int _patience;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Lock _gate = new();
    private readonly byte[] _received = new byte[64 << 10];
    private int _at;
    private int _end;

    private QmpClient(string name, Socket socket, int patience)
    {
        _name = name;
        _patience = patience;
        _socket = socket;
        _stream = new(socket, ownsSocket: false);
    }

    /// <summary>Connects and negotiates.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="path">The socket.</param>
    /// <param name="patience">In how many milliseconds each answer has to be there.</param>
    /// <exception cref="MemoryImageException">Nobody answers there, or it is no QMP.</exception>
    internal static QmpClient Connect(string name, string path, int patience = PatienceMilliseconds)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = patience,
            SendTimeout = patience
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            QmpClient client = new(name, socket, patience);
            using (JsonDocument greeting = client.Receive(client.Deadline()))
            {
                if (!greeting.RootElement.TryGetProperty("QMP", out _))
                {
                    throw new MemoryImageException($"{name}: what listens there is not QEMU's QMP: name the socket of -qmp unix:PATH,server=on,wait=off");
                }
            }

            client.Execute("qmp_capabilities", []).Dispose();
            return client;
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            socket.Dispose();
            throw new MemoryImageException($"{name}: {FileProblem.Of(e)}: name the socket of a running QEMU's -qmp unix:PATH,server=on,wait=off that nobody "
                + $"else is connected to", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command; the reply's "return" is the root's property.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">Its arguments: strings and numbers.</param>
    /// <exception cref="MemoryImageException">It fails, or the connection does.</exception>
    internal JsonDocument Execute(string command, params ReadOnlySpan<(string Name, object Value)> arguments)
    {
        using MemoryStream request = new();
        using (Utf8JsonWriter writer = new(request))
        {
            writer.WriteStartObject();
            writer.WriteString("execute", command);
            writer.WriteStartObject("arguments");
            foreach ((string name, object value) in arguments)
            {
                switch (value)
                {
                    case ulong number:
                        writer.WriteNumber(name, number);
                        break;
                    default:
                        writer.WriteString(name, (string)value);
                        break;
                }
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        request.WriteByte((byte)'\n');
        lock (_gate)
        {
            try
            {
                long deadline = Deadline();
                _stream.Write(request.GetBuffer(), 0, (int)request.Length);
                while (true)
                {
                    JsonDocument reply = Receive(deadline);
                    if (reply.RootElement.TryGetProperty("return", out _))
                    {
                        return reply;
                    }

                    using (reply)
                    {
                        if (reply.RootElement.TryGetProperty("error", out JsonElement error))
                        {
                            throw new QmpException($"{_name}: {command}: "
                                + $"{(error.TryGetProperty("desc", out JsonElement text) ? text.ToString() : error.ToString()).ReplaceLineEndings(" ")}");
                        }
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                throw new MemoryImageException($"{_name}: {command}: the connection failed: {FileProblem.Of(e)}", e);
            }
        }
    }

    /// <summary>
    /// Whether the process at the other end has a file as a memory backend's on its own command line: what it says alone may name any file that we can read.
    /// </summary>
    /// <param name="file">The path as it says it.</param>
    internal bool HasOnCommandLine(string file)
    {
        Span<byte> peer = stackalloc byte[3 * sizeof(int)];
        try
        {
            _socket.GetRawSocketOption(SocketLevel, PeerCredentials, peer);
            string line = Encoding.UTF8.GetString(Opener.ReadAll($"/proc/{BitConverter.ToInt32(peer)}/cmdline", MostReplyBytes));

            // Either form of -object: mem-path=FILE, or as JSON.
            string[] forms = [$"mem-path={file}", $"\"mem-path\":\"{file}\"", $"\"mem-path\": \"{file}\""];
            return line.Split('\0', ',', '{', '}').Any(word => forms.Contains(word.Trim(), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Says a command once more before the end, without waiting for a reply that somebody else waits for already.</summary>
    internal void Insist(string command)
    {
        if (!_gate.TryEnter(OthersTurn))
        {
            _stream.Write(Encoding.UTF8.GetBytes($"{{\"execute\":\"{command}\"}}\n"));
            return;
        }

        try
        {
            Execute(command).Dispose();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>What a command of the human monitor prints.</summary>
    internal string Monitor(string command)
    {
        using JsonDocument reply = Execute("human-monitor-command", ("command-line", command));
        return reply.RootElement.GetProperty("return").GetString() ?? "";
    }

    private long Deadline() => Environment.TickCount64 + _patience;

    private MemoryImageException Late() => new($"{_name}: no answer in {_patience / 1000.0} seconds");

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    // A line each; in all in so much time, however many bytes and events come meanwhile.
    private JsonDocument Receive(long deadline)
    {
        using MemoryStream line = new();
        while (true)
        {
            if (_at == _end)
            {
                _at = 0;
                _socket.ReceiveTimeout = (int)Math.Max(1, deadline - Environment.TickCount64);
                _end = 0;
                try
                {
                    _end = _stream.Read(_received);
                }
                catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut })
                {
                    throw Late();
                }

                if (_end == 0)
                {
                    throw new MemoryImageException($"{_name}: QEMU ended the connection");
                }
            }

            int newline = _received.AsSpan(_at, _end - _at).IndexOf((byte)'\n');
            int length = newline < 0 ? _end - _at : newline;
            line.Write(_received, _at, length);
            _at += newline < 0 ? length : length + 1;
            if (line.Length > MostReplyBytes)
            {
                throw new MemoryImageException($"{_name}: a reply of more than {Size.Text(MostReplyBytes)}");
            }

            if (Environment.TickCount64 >= deadline)
            {
                throw Late();
            }

            if (newline >= 0 && line.Length > 1)
            {
                try
                {
                    JsonDocument document = JsonDocument.Parse(line.ToArray());
                    return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("no object");
                }
                catch (JsonException e)
                {
                    throw new MemoryImageException($"{_name}: what listens there does not speak QMP "
                        + $"({Encoding.UTF8.GetString(line.ToArray().AsSpan(0, (int)Math.Min(line.Length, 40))).ReplaceLineEndings(" ")})", e);
                }
            }
        }
    }
}
