using System.Buffers.Binary;

namespace IommuSpy.Memory.Tests;

public class ElfCoreMalformedTests
{
    private const int ClassAt = 4;
    private const int EncodingAt = 5;
    private const int TypeAt = 16;
    private const int TableOffsetAt = 32;
    private const int SectionOffsetAt = 40;
    private const int EntryBytesAt = 54;
    private const int CountAt = 56;
    private const int SegmentOffset = 8;
    private const int SegmentPhysical = 24;
    private const int SegmentFileBytes = 32;
    private const int SegmentMemoryBytes = 40;

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(63)]
    public void A_header_that_is_cut_is_refused(int length) => ImageAssert.Refused(Good()[..length], "cut off inside its header", $"0x{length:x} bytes");

    [Fact]
    public void A_32_bit_file_is_refused() => ImageAssert.Refused(Changed(ClassAt, (byte)1), "not 64-bit little-endian", "EI_CLASS 1");

    [Fact]
    public void A_big_endian_file_is_refused() => ImageAssert.Refused(Changed(EncodingAt, (byte)2), "not 64-bit little-endian", "EI_DATA 2");

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(0xffff)]
    public void A_file_that_is_no_core_is_refused(int type) => ImageAssert.Refused(Changed(TypeAt, (ushort)type), $"of type {type}, not a core");

    [Theory]
    [InlineData(0x1_0000UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 55)]
    public void A_program_header_table_past_the_end_is_refused(ulong offset) =>
        ImageAssert.Refused(Changed(TableOffsetAt, offset), $"2 program headers of 56 bytes at 0x{offset:x} do not fit the file");

    [Fact]
    public void A_program_header_table_that_is_cut_is_refused() =>
        ImageAssert.Refused(Good()[..(64 + 56 + 55)], "2 program headers", "do not fit the file");

    [Theory]
    [InlineData(0)]
    [InlineData(55)]
    public void Program_headers_too_small_for_their_fields_are_refused(int bytes) =>
        ImageAssert.Refused(Changed(EntryBytesAt, (ushort)bytes), $"2 program headers of {bytes} bytes");

    [Fact]
    public void More_program_headers_than_the_file_can_hold_are_refused() => ImageAssert.Refused(Changed(CountAt, (ushort)0xfffe), "65534 program headers");

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(0x10_0001U)]
    public void A_huge_count_in_section_0_is_refused(uint count)
    {
        byte[] file = new ElfCoreBuilder { CountInSection = true }.AddLoad(0x1000, [1]).Build();
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(64 + 56 + 44), count);
        ImageAssert.Refused(file, $"{count} program headers");
    }

    [Theory]
    [InlineData(0x1_0000UL)]
    [InlineData(ulong.MaxValue)]
    public void A_section_0_past_the_end_is_refused(ulong offset)
    {
        byte[] file = new ElfCoreBuilder { CountInSection = true }.AddLoad(0x1000, [1]).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(SectionOffsetAt), offset);
        ImageAssert.Refused(file, $"section header at 0x{offset:x}", "past the end");
    }

    [Theory]
    [InlineData(SegmentOffset, ulong.MaxValue)]
    [InlineData(SegmentFileBytes, ulong.MaxValue)]
    [InlineData(SegmentPhysical, ulong.MaxValue)]
    [InlineData(SegmentMemoryBytes, ulong.MaxValue)]
    public void A_segment_that_passes_2_to_the_64_is_refused(int field, ulong value) =>
        ImageAssert.Refused(Changed(ElfCoreBuilder.FieldAt(1, field), value), "program header 1", "passes 2^64");

    [Theory]
    [InlineData(SegmentOffset, 0x7fff_ffff_ffff_ffffUL)]
    [InlineData(SegmentFileBytes, 0x7fff_ffff_ffff_ffffUL)]
    public void A_segment_past_the_end_of_the_file_is_refused(int field, ulong value) =>
        ImageAssert.Refused(Changed(ElfCoreBuilder.FieldAt(1, field), value), "program header 1 ends at", "is missing");

    [Fact]
    public void A_core_without_memory_is_refused() =>
        ImageAssert.Refused(new ElfCoreBuilder().AddNotes(ElfCoreBuilder.NoteBytes("CORE", 1, [1])).Build(), "no memory in it");

    [Fact]
    public void A_core_of_virtual_addresses_only_is_refused() =>
        ImageAssert.Refused(new ElfCoreBuilder().AddLoad(0, new byte[16]).AddLoad(0, new byte[16]).Build(), "virtual addresses only", "paging=false");

    [Fact]
    public void A_core_that_lost_all_its_memory_is_refused_even_where_truncation_is_allowed()
    {
        using TemporaryFile file = TemporaryFile.With(Good()[..(64 + (2 * 56))]);
        ImageAssert.Refused(file.Path, new(AllowTruncated: true), "no memory in it");
    }

    private static byte[] Good() => new ElfCoreBuilder().AddLoad(0x1000, new byte[16]).AddLoad(0x2000, new byte[16]).Build();

    private static byte[] Changed(int at, byte value)
    {
        byte[] file = Good();
        file[at] = value;
        return file;
    }

    private static byte[] Changed(int at, ushort value)
    {
        byte[] file = Good();
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);
        return file;
    }

    private static byte[] Changed(int at, ulong value)
    {
        byte[] file = Good();
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
        return file;
    }
}
