using IommuSpy.Linux.Log;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Log;

/// <summary>The log since 5.10, whole, overwritten, and damaged.</summary>
public class DescriptorRingTests
{
    private const ulong NumberMask = (1UL << 62) - 1;

    [Theory]
    [InlineData(40, 88)]
    [InlineData(48, 88)]
    [InlineData(48, 112)]
    public void A_ring_that_has_not_gone_round_has_every_message(ulong textRing, ulong infoBytes)
    {
        (KernelLog log, ulong first, LogMessage[] messages) = Read(textRing, infoBytes, (ring, _) => ring
            .Add("Linux version 6.1", nanoseconds: 0, level: 5, caller: 0)
            .Add("pci 0000:00:1f.2: hello", nanoseconds: 1_234_567_891, subsystem: "pci", handle: "+pci:0000:00:1f.2", caller: 0x8000_0001)
            .Add("from a process", facility: 1, level: 4, caller: 77)
            .Add("two\nlines"));
        Assert.Equal("ring of descriptors", log.Form);
        Assert.Equal(0UL, first);
        Assert.Empty(log.Damage);
        Assert.Equal(["Linux version 6.1", "pci 0000:00:1f.2: hello", "from a process", "two\nlines"], messages.Select(message => message.Text));
        Assert.Equal([0UL, 1, 2, 3], messages.Select(message => message.Sequence));
        Assert.Equal(["5 T0", "6 C1", "4 T77", "6 T1"], messages.Select(message => $"{message.Level} {message.Caller}"));
        Assert.Equal((1_234_567_891UL, "pci", "+pci:0000:00:1f.2"), (messages[1].Nanoseconds, messages[1].Subsystem, messages[1].Handle));
        Assert.Equal((1, null, null), (messages[2].Facility, messages[2].Subsystem, messages[2].Handle));
        Assert.All(messages, message => Assert.True(message.Begins && message.Ends));
    }

    [Fact]
    public void Of_a_ring_that_has_gone_round_the_last_messages_are_there()
    {
        (KernelLog log, ulong first, LogMessage[] messages) = Read(48, 88, (ring, _) =>
        {
            for (int i = 0; i < 100; i++)
            {
                ring.Add($"message {i}");
            }
        });
        Assert.Equal(92UL, first);
        Assert.Empty(log.Damage);
        Assert.Equal(Enumerable.Range(92, 8).Select(i => $"message {i}"), messages.Select(message => message.Text));
    }

    [Fact]
    public void A_text_that_would_go_over_the_end_of_the_ring_stands_at_its_beginning_and_what_it_overwrote_is_told()
    {
        (KernelLog log, _, LogMessage[] messages) = Read(48, 88, (ring, _) =>
        {
            for (int i = 0; i < 5; i++)
            {
                ring.Add(new string((char)('a' + i), 80));
            }
        });
        Assert.Equal(["ddd", "eee"], messages.Select(message => message.Text[..3]));
        Assert.All(messages, message => Assert.Equal(80, message.Text.Length));
        Assert.Contains("of 3 messages the text is not in the ring", Assert.Single(log.Damage), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_being_written_is_shown_when_it_can_be_read_and_left_out_when_not()
    {
        (_, _, LogMessage[] messages) = Read(48, 88, (ring, _) => ring.Add("whole").Add("may go on", flags: 0, state: 1).Add("half", state: 0));
        Assert.Equal(["whole", "may go on"], messages.Select(message => message.Text));
        Assert.Equal([true, false], messages.Select(message => message.Ends));
    }

    [Fact]
    public void What_continues_a_line_says_so()
    {
        (_, _, LogMessage[] messages) = Read(48, 88, (ring, _) => ring.Add("a", flags: 8).Add("b", flags: 8).Add("c", flags: 10).Add("d", flags: 10));
        Assert.Equal(["a True False", "b False False", "c False True", "d True True"],
            messages.Select(message => $"{message.Text} {message.Begins} {message.Ends}"));
    }

    [Fact]
    public void An_empty_message_is_one_and_one_that_found_no_room_is_told()
    {
        (KernelLog log, _, LogMessage[] messages) = Read(48, 88, (ring, memory) =>
        {
            ring.Add("x");
            memory.Write(ring.Descriptor(ring.Head) + 8, 3UL);
            memory.Write(ring.Descriptor(ring.Head) + 16, 3UL);
            ring.Add("y");
            memory.Write(ring.Descriptor(ring.Head) + 8, 1UL);
            memory.Write(ring.Descriptor(ring.Head) + 16, 1UL);
        });
        Assert.Equal("", Assert.Single(messages).Text);
        Assert.Contains("of 1 message the text", Assert.Single(log.Damage), StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_that_claim_the_same_bytes_are_told_and_not_shown_for_good()
    {
        (KernelLog log, _, LogMessage[] messages) = Read(48, 88, (ring, memory) =>
        {
            for (int i = 0; i < 8; i++)
            {
                ring.Add("x");
                memory.Write(ring.Info(ring.Head) + 16, 0xffffUL);
                memory.Write(ring.Descriptor(ring.Head) + 8, ring.Position - 16);
                memory.Write(ring.Descriptor(ring.Head) + 16, ring.Position + 200 - 16);
            }
        });
        Assert.True(messages.Sum(message => message.Text.Length) <= 256);
        Assert.NotEmpty(log.Damage);
    }

    [Fact]
    public void A_number_that_goes_back_is_damage()
    {
        (KernelLog log, _, LogMessage[] messages) = Read(48, 88, (ring, memory) =>
        {
            ring.Add("a").Add("b");
            memory.Write(ring.Info(ring.Head), 0UL);
            ring.Add("c").Add("d");
        });
        Assert.Equal(["a", "c", "d"], messages.Select(message => message.Text));
        Assert.Contains("message 0 stands behind message 0", Assert.Single(log.Damage), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 63UL)]
    [InlineData(8, 0xdead_0000_0000_0000UL)]
    [InlineData(16, 0xdead_0000_0000_0000UL)]
    [InlineData(24, 0x1234UL)]
    [InlineData(48, 63UL)]
    [InlineData(56, 0UL)]
    public void A_ring_that_contradicts_itself_is_none(ulong field, ulong value)
    {
        using BuiltMachine machine = Made((memory, kernel) =>
        {
            _ = new LogRingBuilder(memory, kernel).Add("a").Add("b");
            memory.Write(kernel.PhysicalOf("log_ring") + field, value);
        });
        Assert.Contains("the kernel's log is not found", KernelLog.Of(machine.Discover(), null).Absence, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_rings_end()
    {
        Random random = new(1);
        for (int i = 0; i < 20; i++)
        {
            using BuiltMachine machine = Made((memory, kernel) =>
            {
                LogRingBuilder ring = new(memory, kernel);
                for (int message = 0; message < 20; message++)
                {
                    ring.Add($"message {message}");
                }

                for (int change = 0; change < 8; change++)
                {
                    PhysicalAddress at = kernel.PhysicalOf(change % 2 == 0 ? "log_descs" : "log_infos") + ((ulong)random.Next(24) * 8);
                    memory.Write(at, (ulong)random.NextInt64() & NumberMask);
                }
            });
            LogMessage[] messages = [.. KernelLog.Of(machine.Discover(), null).Value?.Messages() ?? []];
            Assert.True(messages.Length <= 8);
        }
    }

    private static (KernelLog Log, ulong First, LogMessage[] Messages) Read(
        ulong textRing, ulong infoBytes, Action<LogRingBuilder, PhysicalMemoryBuilder> write)
    {
        using BuiltMachine machine = Made((memory, kernel) => write(new(memory, kernel, textRing, infoBytes), memory));
        KernelLog log = KernelLog.Of(machine.Discover(), null).Required;
        return (log, log.First, [.. log.Messages()]);
    }

    private static BuiltMachine Made(Action<PhysicalMemoryBuilder, BuiltKernel> write) =>
        BuiltMachine.Raw(new() { MoreVariables = LogRingBuilder.Variables }, write);
}
