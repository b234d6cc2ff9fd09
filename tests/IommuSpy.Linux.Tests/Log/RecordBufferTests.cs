using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Log;
using IommuSpy.Linux.Tests.Discovery;

namespace IommuSpy.Linux.Tests.Log;

/// <summary>The log from 3.5 to 5.9, whole, overwritten, and damaged.</summary>
public class RecordBufferTests
{
    private const uint Bytes = 256;

    [Theory]
    [InlineData(16)]
    [InlineData(20)]
    public void Every_record_is_read_whatever_the_length_of_headers(int header)
    {
        using BuiltMachine machine = Made(buffer =>
        {
            int at = Record(buffer, 0, header, "Linux version 5.4", level: 5);
            at = Record(buffer, at, header, "pci 0000:00:1f.2: hello", names: "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2", nanoseconds: 2_000_000_001);
            return (0, Record(buffer, at, header, "x", facility: 1, level: 4), 0);
        });
        KernelLog log = KernelLog.Of(machine.Discover(), null).Required;
        LogMessage[] messages = [.. log.Messages()];
        Assert.Equal(("buffer of records", 0UL), (log.Form, log.First));
        Assert.Empty(log.Damage);
        Assert.Equal(["Linux version 5.4", "pci 0000:00:1f.2: hello", "x"], messages.Select(message => message.Text));
        Assert.Equal([0UL, 1, 2], messages.Select(message => message.Sequence));
        Assert.Equal([(0, 5), (0, 6), (1, 4)], messages.Select(message => (message.Facility, message.Level)));
        Assert.Equal((2_000_000_001UL, "pci", "+pci:0000:00:1f.2"), (messages[1].Nanoseconds, messages[1].Subsystem, messages[1].Handle));
        Assert.Equal(header == 20 ? "T7" : null, messages[0].Caller?.ToString());
    }

    [Fact]
    public void A_buffer_that_has_gone_round_begins_with_its_oldest_record()
    {
        using BuiltMachine machine = Made(buffer =>
        {
            int next = Record(buffer, 0, 16, "newest");
            int end = Record(buffer, 128, 16, "oldest");
            end = Record(buffer, end, 16, "middle");
            buffer.AsSpan(end).Clear();
            return (128, next, 40);
        });
        KernelLog log = KernelLog.Of(machine.Discover(), null).Required;
        Assert.Equal(["40 oldest", "41 middle", "42 newest"], log.Messages().Select(message => $"{message.Sequence} {message.Text}"));
        Assert.Equal(40UL, log.First);
        Assert.Empty(log.Damage);
    }

    [Fact]
    public void What_continues_a_line_says_so()
    {
        using BuiltMachine machine = Made(buffer =>
        {
            int at = Record(buffer, 0, 16, "a", flags: 8);
            at = Record(buffer, at, 16, "b", flags: 10);
            return (0, Record(buffer, at, 16, "c", flags: 6), 0);
        });
        Assert.Equal(["a True False", "b False True", "c True True"],
            KernelLog.Of(machine.Discover(), null).Required.Messages().Select(message => $"{message.Text} {message.Begins} {message.Ends}"));
    }

    [Fact]
    public void What_is_no_record_ends_the_log_and_is_told()
    {
        using BuiltMachine machine = Made(buffer =>
        {
            int at = Record(buffer, 0, 16, "a");
            int next = Record(buffer, at, 16, "b");
            buffer[at + 8] = 1;
            return (0, next, 0);
        });
        KernelLog log = KernelLog.Of(machine.Discover(), null).Required;
        Assert.Equal("a", Assert.Single(log.Messages()).Text);
        Assert.Contains("is no record of the log", Assert.Single(log.Damage), StringComparison.Ordinal);
    }

    [Fact]
    public void Records_that_lead_round_and_round_end()
    {
        using BuiltMachine machine = Made(buffer =>
        {
            int at = 0;
            while (at + 20 <= buffer.Length)
            {
                at = Record(buffer, at, 16, "abcd");
            }

            // The next record is to stand where none begins.
            return (40, 30, 0);
        });
        KernelLog log = KernelLog.Of(machine.Discover(), null).Required;
        Assert.InRange(log.Messages().Count(), 1, (int)Bytes / 16);
        Assert.NotEmpty(log.Damage);
    }

    private static int Record(byte[] buffer, int at, int header, string text, int flags = 6, int level = 6, int facility = 0, string names = "",
        ulong nanoseconds = 1_000_000_000)
    {
        int length = (header + text.Length + names.Length + 3) & ~3;
        Span<byte> record = buffer.AsSpan(at, length);
        record.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(record, nanoseconds);
        BinaryPrimitives.WriteUInt16LittleEndian(record[8..], (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[10..], (ushort)text.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[12..], (ushort)names.Length);
        record[14] = (byte)facility;
        record[15] = (byte)(flags | (level << 5));
        if (header == 20)
        {
            record[16] = 7;
        }

        Encoding.ASCII.GetBytes(text, record[header..]);
        Encoding.ASCII.GetBytes(names, record[(header + text.Length)..]);
        return at + length;
    }

    private static BuiltMachine Made(Func<byte[], (int First, int Next, ulong Sequence)> write) => BuiltMachine.Raw(
        new()
        {
            Release = "5.4.0-test",
            MoreVariables =
                [("log_buf", 8), ("log_buf_len", 4), ("log_first_idx", 4), ("log_next_idx", 4), ("log_first_seq", 8), ("log_bytes", Bytes)],
        },
        (memory, kernel) =>
        {
            byte[] buffer = new byte[Bytes];
            (int first, int next, ulong sequence) = write(buffer);
            memory.Write(kernel.PhysicalOf("log_bytes"), buffer);
            memory.Write(kernel.PhysicalOf("log_buf"), kernel.Places["log_bytes"].Value);
            memory.Write(kernel.PhysicalOf("log_buf_len"), BitConverter.GetBytes(Bytes));
            memory.Write(kernel.PhysicalOf("log_first_idx"), BitConverter.GetBytes(first));
            memory.Write(kernel.PhysicalOf("log_next_idx"), BitConverter.GetBytes(next));
            memory.Write(kernel.PhysicalOf("log_first_seq"), sequence);
        });
}
