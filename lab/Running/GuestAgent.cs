using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace IommuSpy.Lab.Running;

/// <summary>The host's end of the serial line to guest/agent.c, which says how the two talk.</summary>
internal sealed class GuestAgent : IDisposable
{
    // What a guest that is stopped, or too busy to answer, may take beyond a command's own limit.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly byte[] _received = new byte[1 << 16];
    private int _at;
    private int _end;

    private GuestAgent(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    public static GuestAgent Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new GuestAgent(socket);
    }

    /// <summary>Runs one command of the shell to its end.</summary>
    /// <exception cref="LabException">It takes longer than its limit, or the guest does not answer any more.</exception>
    public GuestOutcome Run(string command, int user, TimeSpan limit)
    {
        byte[] text = Encoding.UTF8.GetBytes(command);
        _socket.ReceiveTimeout = (int)(limit + Grace).TotalMilliseconds;
        try
        {
            _stream.Write(
                Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"run {user} {(long)Math.Ceiling(limit.TotalSeconds)} {text.Length}\n")));
            _stream.Write(text);
            return ReadOutcome(command, limit);
        }
        catch (IOException error)
        {
            throw new LabException($"the guest does not answer: {command}", error);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private GuestOutcome ReadOutcome(string command, TimeSpan limit)
    {
        using MemoryStream output = new();
        using MemoryStream error = new();
        while (true)
        {
            string[] words = ReadLine().Split(' ');
            switch (words[0])
            {
                case "out":
                    Copy(output, Number(words));
                    break;
                case "err":
                    Copy(error, Number(words));
                    break;
                case "exit":
                    return new(Number(words), Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
                case "timeout":
                    throw new LabException($"no end after {limit.TotalSeconds:0} s in the guest: {command}: {Encoding.UTF8.GetString(error.ToArray())}");
                default:
                    throw new LabException($"the guest's agent said '{string.Join(' ', words)}'");
            }
        }
    }

    private static int Number(string[] words) => int.Parse(words[1], CultureInfo.InvariantCulture);

    private string ReadLine()
    {
        StringBuilder line = new();
        while (true)
        {
            Fill();
            char next = (char)_received[_at++];
            if (next == '\n')
            {
                return line.ToString();
            }

            line.Append(next);
        }
    }

    private void Copy(MemoryStream destination, int length)
    {
        while (length > 0)
        {
            Fill();
            int here = Math.Min(length, _end - _at);
            destination.Write(_received, _at, here);
            _at += here;
            length -= here;
        }
    }

    private void Fill()
    {
        if (_at == _end)
        {
            _at = 0;
            _end = _stream.Read(_received);
            if (_end == 0)
            {
                throw new IOException("the guest has ended");
            }
        }
    }
}
