using System.Buffers.Binary;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>
/// What an ELF core has no field for and a kdump has: which kinds of pages were left out, as makedumpfile -d counts them. `convert` writes it as a note
/// of 4 bytes; makedumpfile -E writes none.
/// </summary>
internal static class DumpLevelNote
{
    /// <summary>The level that says that nothing but zero pages was left out (makedumpfile.h, DL_EXCLUDE_ZERO).</summary>
    internal const int ZeroPagesOnly = 1;

    private const uint NoteType = 2;

    /// <summary>The note of a level.</summary>
    internal static ElfNote Of(int level)
    {
        byte[] descriptor = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(descriptor, level);
        return new(SystemRecord.NoteName, NoteType, descriptor);
    }

    /// <summary>Whether a note is such.</summary>
    internal static bool IsOne(ElfNote note) =>
        note.Type == NoteType && note.Descriptor.Length == sizeof(int) && string.Equals(note.Name, SystemRecord.NoteName, StringComparison.Ordinal);

    /// <summary>The level that notes tell; null where they do not.</summary>
    internal static int? In(List<ElfNote> notes) => notes.Find(IsOne) is ElfNote note ? BinaryPrimitives.ReadInt32LittleEndian(note.Descriptor.Span) : null;
}
