using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Testing.Kernel;

/// <summary>Lays out a log since 5.10: struct printk_ringbuffer, with eight descriptors and 256 bytes of texts unless told otherwise.</summary>
public sealed class LogRingBuilder
{
    private const ulong DescriptorBytes = 24;
    private const ulong NumberMask = (1UL << 62) - 1;

    private readonly PhysicalMemoryBuilder _memory;
    private readonly BuiltKernel _kernel;
    private readonly ulong _count;
    private readonly ulong _bytes;

    /// <param name="memory">Where to.</param>
    /// <param name="kernel">A kernel with <see cref="Variables"/>.</param>
    /// <param name="textRing">Where the ring of texts stands in the structure: 40, since 5.18 48.</param>
    /// <param name="infoBytes">sizeof(struct printk_info): 88, with the context of execution 112.</param>
    /// <param name="countBits">How many descriptors, as a power of two.</param>
    /// <param name="sizeBits">How many bytes of texts.</param>
    public LogRingBuilder(PhysicalMemoryBuilder memory, BuiltKernel kernel, ulong textRing = 48, ulong infoBytes = 88, int countBits = 3, int sizeBits = 8)
    {
        (_memory, _kernel, TextRing, InfoBytes) = (memory, kernel, textRing, infoBytes);
        (_count, _bytes) = (1UL << countBits, 1UL << sizeBits);

        // As the kernel begins: the ring is full of descriptors that nobody has had, and its next position is that of its beginning.
        Head = unchecked(0UL - _count - 1) & NumberMask;
        Tail = unchecked(Head - _count + 1) & NumberMask;
        Position = unchecked(0UL - _bytes);
        memory.Write(kernel.PhysicalOf("prb"), kernel.Places["log_ring"].Value);
        memory.Write(At("log_ring"), (ulong)countBits);
        memory.Write(At("log_ring") + 8, kernel.Places["log_descs"].Value);
        memory.Write(At("log_ring") + 16, kernel.Places["log_infos"].Value);
        memory.Write(At("log_ring") + textRing, (ulong)sizeBits);
        memory.Write(At("log_ring") + textRing + 8, kernel.Places["log_data"].Value);
        for (ulong i = 0; i < _count; i++)
        {
            memory.Write(At("log_descs") + (i * DescriptorBytes), 3UL << 62);
        }
    }

    /// <summary>What the kernel needs to have.</summary>
    public static IReadOnlyList<(string Name, ulong Bytes)> Variables =>
        [("prb", 8), ("log_ring", 128), ("log_descs", 2048), ("log_infos", 8192), ("log_data", 8192)];

    public ulong TextRing { get; }

    public ulong InfoBytes { get; }

    /// <summary>The number of the last descriptor.</summary>
    public ulong Head { get; private set; }

    /// <summary>That of the oldest one.</summary>
    public ulong Tail { get; private set; }

    /// <summary>Where the next text begins.</summary>
    public ulong Position { get; private set; }

    /// <summary>The number of the next message.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>Where the descriptor of a number is.</summary>
    public PhysicalAddress Descriptor(ulong number) => At("log_descs") + ((number & (_count - 1)) * DescriptorBytes);

    /// <summary>Where what is known of its message is.</summary>
    public PhysicalAddress Info(ulong number) => At("log_infos") + ((number & (_count - 1)) * InfoBytes);

    /// <summary>Adds a message.</summary>
    public LogRingBuilder Add(string text, ulong nanoseconds = 1_500_000_000, int level = 6, int facility = 0, int flags = 2, uint caller = 1,
        string subsystem = "", string handle = "", ulong state = 2)
    {
        Head = (Head + 1) & NumberMask;
        Tail = ((Head - Tail) & NumberMask) == _count ? (Tail + 1) & NumberMask : Tail;
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        ulong size = (ulong)(8 + bytes.Length + 7) & ~7UL;
        ulong begin = Position;
        ulong next = begin + size;
        ulong place = begin & (_bytes - 1);
        if (begin / _bytes != (next - 1) / _bytes)
        {
            // It would go over the end: it stands at the beginning.
            place = 0;
            next = (next / _bytes * _bytes) + size;
        }

        Position = next;
        _memory.Write(At("log_data") + place, Head);
        _memory.Write(At("log_data") + place + 8, bytes);
        _memory.Write(Descriptor(Head), (state << 62) | Head);
        _memory.Write(Descriptor(Head) + 8, begin);
        _memory.Write(Descriptor(Head) + 16, next);
        ulong names = InfoBytes == 88 ? 24UL : 44;
        _memory.Write(Info(Head), Sequence++);
        _memory.Write(Info(Head) + 8, nanoseconds);
        _memory.Write(Info(Head) + 16, (uint)(bytes.Length | (facility << 16) | (flags << 24) | (level << 29)) | ((ulong)caller << 32));
        _memory.Write(Info(Head) + names, new byte[64]);
        _memory.Write(Info(Head) + names, Encoding.ASCII.GetBytes(subsystem));
        _memory.Write(Info(Head) + names + 16, Encoding.ASCII.GetBytes(handle));
        _memory.Write(At("log_ring") + 24, Head);
        _memory.Write(At("log_ring") + 32, Tail);
        _memory.Write(At("log_ring") + TextRing + 16, Position);
        _memory.Write(At("log_ring") + TextRing + 24, Position - Math.Min(_bytes, Position));
        return this;
    }

    private PhysicalAddress At(string place) => _kernel.PhysicalOf(place);
}
