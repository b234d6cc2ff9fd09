using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace IommuSpy.Memory.Sources.Gdb;

/// <summary>
/// The remote serial protocol of a gdbstub (GDB manual, appendix E): packets "$data#checksum", each answered by one and acknowledged by "+". Reads are sent
/// many at a time, since a stub answers them in order.
/// </summary>
internal sealed class GdbClient : IDisposable
{
    private const int PatienceMilliseconds = 10_000;
    private const int PatienceAtTheEnd = 1000;

    // A guest's description comes in many answers, of which none may be the last that takes long.
    private const int AnswersOfDescription = 6;
    private const int MostPacketBytes = 1 << 20;

    private readonly string _name;
    private readonly int _patience;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly byte[] _received = new byte[64 << 10];

    // When the answer that is waited for has to be there, however many bytes come meanwhile.
    private long _deadline;

    // When the stub has to have described its guest.
    private long _latest;
    private int _at;
    private int _end;

    private GdbClient(string name, Socket socket, int patience)
    {
        _name = name;
        _patience = patience;
        _latest = Environment.TickCount64 + ((long)patience * AnswersOfDescription);
        _socket = socket;
        _stream = new(socket, ownsSocket: false);
    }

    /// <summary>The most bytes that a packet may have.</summary>
    internal int PacketBytes { get; private set; } = 400;

    /// <summary>Whether the guest stood still before we came, so that it must not go on when we leave.</summary>
    internal bool LeavesStopped { get; set; }

    /// <summary>Connects. A stub stops its guest for that.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="host">Where the stub listens.</param>
    /// <param name="port">At which port.</param>
    /// <param name="patience">In how many milliseconds each answer has to be there.</param>
    /// <exception cref="MemoryImageException">Nobody answers there, or it is no gdbstub.</exception>
    internal static GdbClient Connect(string name, string host, int port, int patience = PatienceMilliseconds)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = patience, SendTimeout = patience };
        try
        {
            socket.Connect(host, port);
            GdbClient client = new(name, socket, patience);
            string features = client.Ask("qSupported:qXfer:features:read+");
            foreach (string feature in features.Split(';'))
            {
                if (feature.StartsWith("PacketSize=", StringComparison.Ordinal)
                    && int.TryParse(feature.AsSpan("PacketSize=".Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int bytes))
                {
                    client.PacketBytes = Math.Clamp(bytes, 64, MostPacketBytes);
                }
            }

            return client;
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            socket.Dispose();
            throw new MemoryImageException($"{name}: {FileProblem.Of(e)}: name the host and port of a gdbstub (QEMU: -gdb tcp:127.0.0.1:PORT)", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a packet and waits for its answer; empty where the stub does not know it.</summary>
    internal string Ask(string packet) => AskMany([packet])[0];

    /// <summary>Says that the guest is described: from here on each answer has its own time, however many there are.</summary>
    internal void Described() => _latest = long.MaxValue;

    /// <summary>Sends packets at once and waits for all their answers.</summary>
    internal string[] AskMany(IReadOnlyList<string> packets)
    {
        try
        {
            _deadline = Math.Min(_latest, Environment.TickCount64 + _patience);
            Send(packets);
            string[] answers = new string[packets.Count];
            for (int i = 0; i < answers.Length; i++)
            {
                answers[i] = Receive();
            }

            return answers;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new MemoryImageException($"{_name}: the connection failed: {FileProblem.Of(e)}", e);
        }
    }

    /// <summary>What a command of the stub's monitor prints; null where it has none.</summary>
    internal string? Monitor(string command)
    {
        string answer = Ask("qRcmd," + Convert.ToHexStringLower(Encoding.ASCII.GetBytes(command)));
        StringBuilder text = new();
        while (answer.Length > 0 && answer[0] == 'O' && answer != "OK")
        {
            if (!TryHex(answer.AsSpan(1), out byte[] bytes) || text.Length > MostPacketBytes * 16)
            {
                return null;
            }

            text.Append(Encoding.UTF8.GetString(bytes));
            answer = Receive();
        }

        return answer == "OK" ? text.ToString() : null;
    }

    /// <summary>A file that the stub describes itself with.</summary>
    internal string? Feature(string name)
    {
        StringBuilder text = new();
        while (text.Length < MostPacketBytes)
        {
            string answer = Ask(string.Create(CultureInfo.InvariantCulture, $"qXfer:features:read:{name}:{text.Length:x},{PacketBytes / 2:x}"));
            if (answer.Length == 0 || answer[0] is not ('m' or 'l'))
            {
                return null;
            }

            text.Append(answer.AsSpan(1));
            if (answer[0] == 'l')
            {
                return text.ToString();
            }

            if (answer.Length == 1)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>The bytes of hexadecimal digits.</summary>
    internal static bool TryHex(ReadOnlySpan<char> digits, out byte[] bytes)
    {
        bytes = new byte[digits.Length / 2];
        return digits.Length % 2 == 0 && Convert.FromHexString(digits, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    /// <summary>Detaches, so that the guest goes on, or just leaves.</summary>
    public void Dispose()
    {
        try
        {
            if (!LeavesStopped)
            {
                _deadline = Environment.TickCount64 + Math.Min(_patience, PatienceAtTheEnd);
                Send(["D"]);
                Receive();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or MemoryImageException or ObjectDisposedException)
        {
            // It has gone meanwhile.
        }

        _stream.Dispose();
        _socket.Dispose();
    }

    private void Send(IReadOnlyList<string> packets)
    {
        StringBuilder text = new();
        foreach (string packet in packets)
        {
            byte checksum = 0;
            foreach (char c in packet)
            {
                checksum += (byte)c;
            }

            text.Append(CultureInfo.InvariantCulture, $"+${packet}#{checksum:x2}");
        }

        _stream.Write(Encoding.Latin1.GetBytes(text.ToString()));
    }

    private string Receive()
    {
        // Acknowledgements and whatever else stands before a packet are passed over.
        while (Next() != '$')
        {
        }

        StringBuilder data = new();
        for (byte c = Next(); c != '#'; c = Next())
        {
            if (data.Length > MostPacketBytes)
            {
                throw new MemoryImageException($"{_name}: a packet of more than {Size.Text(MostPacketBytes)}");
            }

            if (c == '}')
            {
                data.Append((char)(Next() ^ 0x20));
            }
            else if (c == '*' && data.Length > 0)
            {
                // A run: the character before, as many times as the next says, from 29 for none on.
                data.Append(data[^1], Math.Max(0, Next() - 29));
            }
            else
            {
                data.Append((char)c);
            }
        }

        Next();
        Next();
        return data.ToString();
    }

    private MemoryImageException Late() => new(_deadline == _latest
        ? $"{_name}: the stub did not describe its guest in {_patience * AnswersOfDescription / 1000.0} seconds"
        : $"{_name}: no answer in {_patience / 1000.0} seconds");

    private byte Next()
    {
        if (_at == _end)
        {
            _at = 0;
            long left = _deadline - Environment.TickCount64;
            if (left <= 0)
            {
                throw Late();
            }

            try
            {
                _socket.ReceiveTimeout = (int)left;
                _end = _stream.Read(_received);
            }
            catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut })
            {
                _end = 0;
                throw Late();
            }

            if (_end == 0)
            {
                throw new MemoryImageException($"{_name}: the stub ended the connection");
            }
        }

        return _received[_at++];
    }
}
