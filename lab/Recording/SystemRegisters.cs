using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>
/// The registers of each CPU of a stopped guest that QEMU's monitor does not print, asked of its stub for gdb ("Appendix E: GDB Remote Serial Protocol"). The
/// guest may run on once this is disposed.
/// </summary>
internal sealed partial class SystemRegisters : IDisposable
{
    // Those that tell how addresses are translated, and what the kernel keeps for itself.
    private static readonly string[] Wanted =
    [
        "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "MAIR_EL1", "SCTLR_EL1", "TPIDR_EL1", "TPIDR_EL0", "SP_EL0", "VBAR_EL1", "CONTEXTIDR_EL1",
    ];

    private const int ChunkBytes = 0x7f0;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private SystemRegisters()
    {
    }

    /// <summary>Writes a list of CPUs, each an object of registers in hexadecimal.</summary>
    /// <param name="monitor">QEMU's.</param>
    /// <param name="scratch">Where to make the stub's socket.</param>
    /// <param name="path">The file.</param>
    public static SystemRegisters Write(QmpClient monitor, string scratch, string path)
    {
        string socket = Path.Combine(scratch, "gdb");
        monitor.ExecuteHuman($"gdbserver unix:{socket},server=on,wait=off");
        var stub = new SystemRegisters();
        stub._socket.Connect(new UnixDomainSocketEndPoint(socket));
        Dictionary<string, int> numbers = RegisterLine().Matches(stub.Read("system-registers.xml"))
            .ToDictionary(match => match.Groups["name"].Value, match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture),
                StringComparer.Ordinal);
        List<SortedDictionary<string, string>> cpus = [];
        foreach (string thread in stub.Threads())
        {
            stub.Ask($"Hg{thread}");
            var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (string name in Wanted.Where(numbers.ContainsKey))
            {
                values[name] = $"0x{BinaryPrimitives.ReadUInt64LittleEndian(Convert.FromHexString(stub.Ask($"p{numbers[name]:x}"))):x16}";
            }

            cpus.Add(values);
        }

        File.WriteAllText(path, JsonSerializer.Serialize(cpus, LabJson.Options));
        return stub;
    }

    public void Dispose() => _socket.Dispose();

    private List<string> Threads()
    {
        List<string> threads = [];
        for (string answer = Ask("qfThreadInfo"); answer.StartsWith('m'); answer = Ask("qsThreadInfo"))
        {
            threads.AddRange(answer[1..].Split(','));
        }

        return threads;
    }

    private string Read(string annex)
    {
        var text = new StringBuilder();
        for (bool more = true; more;)
        {
            string answer = Ask($"qXfer:features:read:{annex}:{text.Length:x},{ChunkBytes:x}");
            more = answer.StartsWith('m');
            if (!more && !answer.StartsWith('l'))
            {
                throw new LabException($"QEMU's stub has no {annex}: {answer}");
            }

            text.Append(answer.AsSpan(1));
        }

        return text.ToString();
    }

    private string Ask(string question)
    {
        int sum = question.Sum(c => c) & 0xff;
        _socket.Send(Encoding.Latin1.GetBytes($"${question}#{sum:x2}"));
        var answer = new StringBuilder();
        byte[] one = new byte[1];
        bool escaped = false;
        for (bool inPacket = false; ;)
        {
            if (_socket.Receive(one) == 0)
            {
                throw new LabException("QEMU's stub for gdb went away");
            }

            char c = (char)one[0];
            if (!inPacket)
            {
                inPacket = c == '$';
            }
            else if (c == '#')
            {
                break;
            }
            else if (c == '}')
            {
                escaped = true;
            }
            else
            {
                answer.Append(escaped ? (char)(c ^ 0x20) : c);
                escaped = false;
            }
        }

        byte[] checksum = new byte[2];
        for (int read = 0; read < checksum.Length;)
        {
            read += _socket.Receive(checksum.AsSpan(read));
        }

        _socket.Send("+"u8);
        return answer.ToString();
    }

    [GeneratedRegex("<reg name=\"(?<name>[^\"]+)\"[^>]*regnum=\"(?<number>[0-9]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegisterLine();
}
