using System.Buffers.Binary;
using System.Text;
using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Writing;

/// <summary>
/// ELF core as the kernel's /proc/vmcore: header, program headers right after it (makedumpfile looks for them there), notes, memory. Pages that are left
/// out are memory beyond what a program header stores, as makedumpfile -E has them.
/// </summary>
internal static class ElfWriter
{
    private const int ChunkBytes = 1 << 20;
    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int SectionHeaderBytes = 64;
    private const uint CountInSection = 0xffff; // PN_XNUM

    internal static void Write(WriteJob job)
    {
        byte[] notes = Notes(job.DumpLevel == 0 ? job.Notes : [.. job.Notes, DumpLevelNote.Of(job.DumpLevel)]);
        List<MappedRange> image = KernelImage(job.Options.KernelImage, job.Selection.Runs);
        ulong count = (ulong)(job.Selection.Parts().Count() + image.Count) + 1;
        bool counted = count >= CountInSection;
        ulong sections = HeaderBytes + (count * ProgramHeaderBytes);
        ulong notesAt = sections + (counted ? (ulong)SectionHeaderBytes : 0);
        ulong start = (notesAt + (ulong)notes.Length + PageFrame.Size - 1) & ~(ulong)(PageFrame.Size - 1);
        job.Output.Write(0, Header(job.Machine, count, counted ? sections : 0));
        WriteProgramHeaders(job, image, notesAt, (ulong)notes.Length, start);
        if (counted)
        {
            byte[] section = new byte[SectionHeaderBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(44), (uint)count);
            job.Output.Write(sections, section);
        }

        job.Output.Write(notesAt, notes);
        ulong at = start;
        job.Run(
            ChunkBytes,
            chunk => chunk.Bytes.ToArray(),
            bytes =>
            {
                job.Output.Write(at, bytes);
                at += (ulong)bytes.Length;
            });
        job.Output.Finish(at);
    }

    /// <summary>Notes as a PT_NOTE segment holds them: names and descriptors padded to 4 bytes.</summary>
    internal static byte[] Notes(IReadOnlyList<ElfNote> notes)
    {
        using MemoryStream output = new();
        Span<byte> header = stackalloc byte[3 * sizeof(uint)];
        foreach (ElfNote note in notes)
        {
            byte[] name = Encoding.Latin1.GetBytes(note.Name + "\0");
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)name.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)note.Descriptor.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], note.Type);
            output.Write(header);
            Pad(output, name);
            Pad(output, note.Descriptor.Span);
        }

        return output.ToArray();
    }

    private static void Pad(MemoryStream output, ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        while (output.Length % 4 != 0)
        {
            output.WriteByte(0);
        }
    }

    private static byte[] Header(ImageMachine? machine, ulong count, ulong sections)
    {
        byte[] header = new byte[HeaderBytes];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(16), 4); // ET_CORE
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(18), machine?.ElfMachine ?? 0); // EM_NONE
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), sections);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(52), HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(54), ProgramHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(56), (ushort)Math.Min(count, CountInSection));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(58), sections == 0 ? (ushort)0 : (ushort)SectionHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(60), sections == 0 ? (ushort)0 : (ushort)1);
        return header;
    }

    // The parts of the kernel's image that are written.
    private static List<MappedRange> KernelImage(MappedRange? image, List<PhysicalRange> runs)
    {
        List<MappedRange> parts = [];
        if (image is not { } whole)
        {
            return parts;
        }

        foreach (PhysicalRange run in runs)
        {
            ulong first = Math.Max(run.Start.Value, whole.Physical.Start.Value);
            ulong end = Math.Min(run.Start.Value + run.Length, whole.Physical.Start.Value + whole.Physical.Length);
            if (first < end)
            {
                parts.Add(new(whole.Virtual + (first - whole.Physical.Start.Value), new(new(first), end - first)));
            }
        }

        return parts;
    }

    private static void WriteProgramHeaders(WriteJob job, List<MappedRange> image, ulong notesAt, ulong noteBytes, ulong start)
    {
        byte[] header = new byte[ProgramHeaderBytes];
        ulong at = HeaderBytes;
        void Put(uint type, ulong offset, ulong virtualAddress, ulong physical, ulong length, ulong notStored, uint flags)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header, type);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), flags);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), offset);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), virtualAddress);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), physical);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), length);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), length + notStored);
            job.Output.Write(at, header);
            at += ProgramHeaderBytes;
        }

        Put(4, notesAt, 0, 0, noteBytes, 0, 0); // PT_NOTE
        int part = 0;
        foreach ((PhysicalRange run, ulong notKept) in job.Selection.Parts())
        {
            for (; part < image.Count && run.Contains(image[part].Physical.Start); part++)
            {
                PhysicalRange held = image[part].Physical;
                Put(1, start + (held.Start.Value - run.Start.Value), image[part].Virtual.Value, held.Start.Value, held.Length, 0, 7);
            }

            ulong mapped = job.Options.DirectMap is VirtualAddress directMap ? unchecked(directMap.Value + run.Start.Value) : 0;
            Put(1, start, mapped, run.Start.Value, run.Length, notKept, 7); // PT_LOAD, readable, writable, executable
            start += run.Length;
        }
    }
}
