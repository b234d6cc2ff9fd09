using System.Buffers.Binary;

namespace IommuSpy.Memory.Tests;

public class ElfNotesTests
{
    [Theory]
    [InlineData("A", 0)]
    [InlineData("AB", 1)]
    [InlineData("ABC", 2)]
    [InlineData("ABCD", 3)]
    [InlineData("ABCDE", 4)]
    public void Names_and_descriptors_of_any_length_are_padded_to_4(string name, int length)
    {
        byte[] descriptor = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        IReadOnlyList<ElfNote> notes = NotesOf(ElfCoreBuilder.NoteBytes(name, 7, descriptor), ElfCoreBuilder.NoteBytes("NEXT", 8, [9]));
        Assert.Equal([name, "NEXT"], notes.Select(note => note.Name));
        Assert.Equal([7U, 8U], notes.Select(note => note.Type));
        Assert.Equal(descriptor, notes[0].Descriptor.ToArray());
        Assert.Equal([9], notes[1].Descriptor.ToArray());
    }

    [Fact]
    public void The_last_descriptor_needs_no_padding()
    {
        byte[] note = ElfCoreBuilder.NoteBytes("CORE", 1, [1, 2, 3, 4, 5]);
        Assert.Equal([1, 2, 3, 4, 5], Assert.Single(NotesOf(note[..^3])).Descriptor.ToArray());
    }

    [Theory]
    [InlineData(0, 257)]
    [InlineData(0, uint.MaxValue)]
    [InlineData(4, 9)]
    [InlineData(4, uint.MaxValue)]
    [InlineData(4, 0x8000_0000)]
    public void The_notes_before_one_that_does_not_fit_are_kept(int field, uint size)
    {
        byte[] bad = ElfCoreBuilder.NoteBytes("BAD", 2, [1, 2, 3, 4]);
        BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(field), size);
        Assert.Equal(["GOOD"], NotesOf(ElfCoreBuilder.NoteBytes("GOOD", 1, [1]), bad).Select(note => note.Name));
    }

    [Fact]
    public void A_note_with_no_name_and_no_descriptor_is_a_note()
    {
        ElfNote note = Assert.Single(NotesOf([0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]));
        Assert.Equal(("", 5U, 0), (note.Name, note.Type, note.Descriptor.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    public void Less_than_a_note_header_is_no_note(int length) => Assert.Empty(NotesOf(new byte[length]));

    [Fact]
    public void Notes_cut_off_by_the_end_of_the_file_are_refused_or_left_out()
    {
        byte[] file = new ElfCoreBuilder().AddLoad(0x1000, [1]).AddNotes(ElfCoreBuilder.NoteBytes("ONE", 1, [1]), ElfCoreBuilder.NoteBytes("TWO", 2, [2]))
            .Build();
        ImageAssert.Refused(file[..^1], "program header 1", "of notes is missing");
        using TemporaryFile cut = TemporaryFile.With(file[..^4]);
        using MemoryImage image = MemoryImage.Open(cut.Path, new(AllowTruncated: true));
        Assert.Equal(["ONE"], image.Notes.Select(note => note.Name));
        Assert.Single(image.Damage);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Notes_wholly_past_the_end_of_the_file_are_damage(int past)
    {
        byte[] file = new ElfCoreBuilder().AddLoad(0x1000, [1]).AddNotes(ElfCoreBuilder.NoteBytes("ONE", 1, [1])).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ElfCoreBuilder.FieldAt(1, 8)), (ulong)(file.Length + past));
        ImageAssert.Refused(file, "program header 1", "of notes is missing");
        using TemporaryFile temporary = TemporaryFile.With(file);
        using MemoryImage image = MemoryImage.Open(temporary.Path, new(AllowTruncated: true));
        Assert.Empty(image.Notes);
    }

    [Fact]
    public void Program_headers_that_repeat_the_same_notes_without_end_are_refused()
    {
        const int headers = 50_000;
        byte[] notes = [.. Enumerable.Repeat(ElfCoreBuilder.NoteBytes("N", 1, []), 20_000).SelectMany(note => note)];
        ElfCoreBuilder core = new() { CountInSection = true };
        core.AddLoad(0x1000, [1]).AddNotes(notes);
        for (int i = 0; i < headers; i++)
        {
            core.AddNotes();
        }

        byte[] file = core.Build();
        for (int i = 0; i < headers; i++)
        {
            file.AsSpan(ElfCoreBuilder.FieldAt(1, 0), 56).CopyTo(file.AsSpan(ElfCoreBuilder.FieldAt(i + 2, 0)));
        }

        // Followed blindly these are 10^9 notes.
        ImageAssert.Refused(file, "notes", "16 MiB");
    }

    private static IReadOnlyList<ElfNote> NotesOf(params byte[][] notes)
    {
        using TemporaryFile file = TemporaryFile.With(new ElfCoreBuilder().AddLoad(0x1000, [1]).AddNotes(notes).Build());
        using MemoryImage image = MemoryImage.Open(file.Path);
        return image.Notes;
    }
}
