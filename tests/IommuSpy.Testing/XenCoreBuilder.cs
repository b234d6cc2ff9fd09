using System.Buffers.Binary;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>Writes cores of Xen guests (Xen, docs/misc/dump-core-format.txt): in the order of libxenctrl, the names of the sections last.</summary>
public sealed class XenCoreBuilder
{
    private const int HeaderBytes = 64;
    private const int ContextBytes = 5168; // sizeof(vcpu_guest_context_t), x86-64
    private readonly List<byte[]> _contexts = [];

    /// <summary>Frame numbers of the pages, in the order that they are stored in; all ones for a place that is not filled.</summary>
    public IReadOnlyList<ulong> Frames { get; init; } = [];

    /// <summary>Whether the guest is paravirtualized: a machine frame for each frame.</summary>
    public bool Paravirtualized { get; init; }

    /// <summary>What the note says of the size of a page.</summary>
    public ulong PageBytes { get; init; } = PageFrame.Size;

    /// <summary>Adds the registers of a CPU.</summary>
    public XenCoreBuilder AddCpu(CpuState state)
    {
        byte[] context = new byte[ContextBytes];
        Write64(context, 648, state.InstructionPointer?.Value ?? 0); // user_regs.rip
        Write64(context, 672, state.StackPointer?.Value ?? 0); // user_regs.rsp
        Write64(context, 4984, state.Registers["CR0"]); // ctrlreg[0]
        Write64(context, 5008, state.Registers["CR3"]);
        Write64(context, 5016, state.Registers["CR4"]);
        _contexts.Add(context);
        return this;
    }

    /// <summary>The file.</summary>
    /// <param name="content">Bytes of a frame, for each that is filled.</param>
    public byte[] Build(Func<ulong, byte[]> content)
    {
        using MemoryStream stream = new();
        Write(stream, content);
        return stream.ToArray();
    }

    /// <summary>Writes the file.</summary>
    /// <param name="stream">At its beginning.</param>
    /// <param name="content">Bytes of a frame, for each that is filled.</param>
    public void Write(Stream stream, Func<ulong, byte[]> content)
    {
        byte[] header = new byte[4 * sizeof(ulong)];
        Write64(header, 0, Paravirtualized ? 0xf00f_ebedUL : 0xf00f_ebeeUL);
        Write64(header, 8, (ulong)_contexts.Count);
        Write64(header, 16, (ulong)Frames.Count);
        Write64(header, 24, PageBytes);
        byte[] version = new byte[sizeof(ulong)];
        version[0] = 1;
        byte[] notes =
        [
            .. ElfCoreBuilder.NoteBytes("Xen", 0x200_0000, []),
            .. ElfCoreBuilder.NoteBytes("Xen", 0x200_0001, header),
            .. ElfCoreBuilder.NoteBytes("Xen", 0x200_0002, new byte[1280]),
            .. ElfCoreBuilder.NoteBytes("Xen", 0x200_0003, version),
        ];
        (string Name, uint Type, ulong Length, ulong Alignment)[] sections =
        [
            ("", 0, 0, 1),
            (".note.Xen", 7, (ulong)notes.Length, 1),
            (".xen_prstatus", 1, (ulong)(_contexts.Count * ContextBytes), 1),
            (".xen_pages", 1, (ulong)Frames.Count << PageFrame.Shift, PageFrame.Size),
            (Paravirtualized ? ".xen_p2m" : ".xen_pfn", 1, (ulong)Frames.Count * (Paravirtualized ? 16UL : 8UL), 8),
            (".shstrtab", 3, 0, 1),
        ];
        byte[] names = Encoding.ASCII.GetBytes(string.Concat(sections.Select(section => section.Name + '\0')));
        sections[^1].Length = (ulong)names.Length;
        byte[] head = new byte[HeaderBytes * (1 + sections.Length)];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(head);
        Write16(head, 16, 4); // ET_CORE
        Write16(head, 18, 62); // EM_X86_64
        Write16(head, 20, 1);
        Write64(head, 40, HeaderBytes);
        Write16(head, 52, HeaderBytes);
        Write16(head, 58, HeaderBytes);
        Write16(head, 60, (ushort)sections.Length);
        Write16(head, 62, (ushort)(sections.Length - 1));
        ulong at = (ulong)head.Length;
        int name = 0;
        ulong[] offsets = new ulong[sections.Length];
        for (int i = 1; i < sections.Length; i++)
        {
            Span<byte> entry = head.AsSpan(HeaderBytes * (1 + i));
            at = (at + sections[i].Alignment - 1) & ~(sections[i].Alignment - 1);
            offsets[i] = at;
            name += sections[i - 1].Name.Length + 1;
            BinaryPrimitives.WriteInt32LittleEndian(entry, name);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], sections[i].Type);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], at);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], sections[i].Length);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[48..], sections[i].Alignment);
            at += sections[i].Length;
        }

        stream.Write(head);
        stream.Write(notes);
        _contexts.ForEach(context => stream.Write(context));
        stream.SetLength((long)offsets[3]);
        stream.Position = (long)offsets[3];
        foreach (ulong frame in Frames)
        {
            stream.Write(frame == ulong.MaxValue ? new byte[PageFrame.Size] : content(frame));
        }

        byte[] number = new byte[Paravirtualized ? 16 : 8];
        foreach (ulong frame in Frames)
        {
            Write64(number, 0, frame);
            stream.Write(number);
        }

        stream.Write(names);
    }

    private static void Write16(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    private static void Write64(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
}
