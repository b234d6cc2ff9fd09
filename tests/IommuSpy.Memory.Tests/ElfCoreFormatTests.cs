using System.Buffers.Binary;

namespace IommuSpy.Memory.Tests;

public class ElfCoreFormatTests
{
    [Fact]
    public void Segments_stand_at_their_physical_address_whatever_their_order()
    {
        byte[] high = Pattern(0x1000, 1);
        byte[] low = Pattern(0x800, 2);
        Check(new ElfCoreBuilder().AddLoad(0x1_0000_0000, high).AddLoad(0x2000, low), image =>
        {
            PhysicalMemory memory = Assert.Single(image.Layouts).Memory;
            Assert.Equal("ELF core", image.Format);
            Assert.True(image.DeclaresItsSize);
            Assert.Equal([new(new(0x2000), 0x800), new(new(0x1_0000_0000), 0x1000)], memory.Ranges);
            Assert.Equal(memory.Ranges, memory.DataRanges);
            Assert.Equal(high, ReadAll(memory, 0x1_0000_0000));
            Assert.Equal(low, ReadAll(memory, 0x2000));
            Assert.Empty(image.Damage);
        });
    }

    [Fact]
    public void Offsets_need_no_alignment()
    {
        byte[] odd = Pattern(13, 1);
        byte[] next = Pattern(29, 2);
        Check(new ElfCoreBuilder().AddLoad(0x1003, odd, gap: 3).AddLoad(0x5001, next, gap: 5), image =>
        {
            Assert.Equal(odd, ReadAll(image.Layouts[0].Memory, 0x1003));
            Assert.Equal(next, ReadAll(image.Layouts[0].Memory, 0x5001));
        });
    }

    [Fact]
    public void Memory_beyond_what_is_stored_was_left_out_and_is_no_zero()
    {
        byte[] stored = Pattern(100, 1);
        Check(new ElfCoreBuilder().AddLoad(0x1000, stored, memoryBytes: 0x3000).AddLoad(0x8000, [], memoryBytes: 0x1000), image =>
        {
            PhysicalMemory memory = image.Layouts[0].Memory;
            byte[] bytes = new byte[0x3000];
            Assert.Equal(100, memory.Read(new(0x1000), bytes));
            Assert.Equal(stored, bytes[..100]);
            Assert.False(memory.TryRead(new(0x2000), out _));
            Assert.Equal([new(new(0x1000), 0x3000), new(new(0x8000), 0x1000)], memory.Ranges);
            Assert.Equal([new(new(0x1000), 0x1000)], memory.DataRanges);
            Assert.Equal(0x4000UL - 100, memory.ExcludedBytes);
            Assert.Equal(0UL, memory.LostBytes);
            foreach (ulong address in (ulong[])[0x1064, 0x3fff, 0x8000])
            {
                Assert.False(memory.Contains(new(address)));
                Assert.True(memory.Excludes(new(address)));
                Assert.True(memory.IsMemory(new(address)));
            }

            Assert.False(memory.Excludes(new(0x1063)));
            Assert.False(memory.Excludes(new(0x4000)));
        });
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(31, false)]
    public void Only_where_a_note_says_that_zero_pages_alone_were_left_out_they_read_as_zeros(byte level, bool areZeros)
    {
        byte[] stored = Pattern(0x1000, 1);
        ElfCoreBuilder core = new ElfCoreBuilder()
            .AddNotes(ElfCoreBuilder.NoteBytes("IOMMU_SPY", 2, [level, 0, 0, 0]))
            .AddLoad(0x1000, stored, memoryBytes: 0x3000);
        Check(core, image =>
        {
            PhysicalMemory memory = image.Layouts[0].Memory;
            byte[] bytes = new byte[0x3000];
            Assert.Equal(areZeros ? 0x3000 : 0x1000, memory.Read(new(0x1000), bytes));
            Assert.Equal([.. stored, .. new byte[0x2000]], bytes);
            Assert.Equal(areZeros ? 0UL : 0x2000, memory.ExcludedBytes);
            Assert.Equal(areZeros, memory.Contains(new(0x2000)));
            Assert.Equal(level, image.DumpLevel);
            Assert.Empty(image.Notes);
        });
    }

    [Fact]
    public void Memory_under_two_virtual_addresses_is_one_memory()
    {
        // As /proc/vmcore has the kernel's image: first by itself, and again inside the range that it lies in.
        byte[] ram = Pattern(0x3000, 1);
        Check(new ElfCoreBuilder().AddLoad(0x101800, ram[0x1800..0x2400]).AddLoad(0x100000, ram).AddLoad(0x102800, [.. ram[0x2800..], .. Pattern(0x100, 2)]),
            image =>
        {
            PhysicalMemory memory = image.Layouts[0].Memory;
            Assert.Equal([new(new(0x100000), 0x3100)], memory.Ranges);
            Assert.Equal([.. ram, .. Pattern(0x100, 2)], ReadAll(memory, 0x100000));
        });
    }

    [Fact]
    public void Stored_bytes_win_over_what_another_segment_leaves_out()
    {
        byte[] first = Pattern(0x10, 1);
        byte[] second = Pattern(0x10, 2);
        Check(new ElfCoreBuilder().AddLoad(0x1000, first, memoryBytes: 0x100).AddLoad(0x1020, second), image =>
        {
            PhysicalMemory memory = image.Layouts[0].Memory;
            byte[] bytes = new byte[0x10];
            Assert.Equal(0x10, memory.Read(new(0x1000), bytes));
            Assert.Equal(first, bytes);
            Assert.Equal(0x10, memory.Read(new(0x1020), bytes));
            Assert.Equal(second, bytes);
            Assert.Equal(0, memory.Read(new(0x1010), bytes));
            Assert.Equal(0xe0UL, memory.ExcludedBytes);
        });
    }

    [Fact]
    public void Touching_segments_read_as_one()
    {
        byte[] first = Pattern(0x7ff, 1);
        byte[] second = Pattern(0x801, 2);
        Check(new ElfCoreBuilder().AddLoad(0x17ff, second).AddLoad(0x1000, first), image =>
        {
            PhysicalMemory memory = image.Layouts[0].Memory;
            Assert.Equal([new(new(0x1000), 0x1000)], memory.Ranges);
            Assert.Equal([.. first, .. second], ReadAll(memory, 0x1000));
            Assert.True(memory.TryRead(new(0x17fb), out ulong across));
            Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian([.. first[^4..], .. second[..4]]), across);
        });
    }

    [Theory]
    [InlineData(0x1000, 0xf000, new[] { 0x3000, 0x1000, 0x7000, 0x2000 })]
    [InlineData(0x4000, 0x1000, new[] { 0, 0x1000 })]
    [InlineData(0x4800, 0x4000, new[] { 0, 0x1000, 0x3000, 0x1000 })] // of both pages a half is data
    [InlineData(0x5000, 0x3000, new int[0])]
    [InlineData(0x5000, 0x3001, new[] { 0x3000, 1 })]
    [InlineData(0x4fff, 0x3001, new[] { 0, 0x1000 })]
    [InlineData(0x9fff, 0x5000, new[] { 0, 0x1000 })]
    [InlineData(0xa000, 0x6000, new int[0])]
    public void Pages_that_are_all_in_holes_of_a_sparse_file_are_no_data(int offset, int length, int[] dataAt)
    {
        const ulong physical = 0x10_0000;
        byte[] headers = new ElfCoreBuilder().AddLoad(physical, []).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(headers.AsSpan(ElfCoreBuilder.FieldAt(0, 8)), (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(headers.AsSpan(ElfCoreBuilder.FieldAt(0, 32)), (ulong)length);
        using TemporaryFile file = TemporaryFile.Sparse(0x1_0000, (0, headers), (0x4000, Pattern(0x1000, 1)), (0x8000, Pattern(0x2000, 1)));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(
            dataAt.Chunk(2).Select(part => new PhysicalRange(new(physical + (ulong)part[0]), (ulong)part[1])),
            image.Layouts[0].Memory.DataRanges);
        Assert.Equal((ulong)length, image.Layouts[0].Memory.ByteCount);
    }

    [Fact]
    public void The_count_of_program_headers_can_stand_in_section_0() =>
        Check(new ElfCoreBuilder { CountInSection = true }.AddLoad(0x1000, [1]).AddLoad(0x2000, [2]), image =>
            Assert.Equal([new(new(0x1000), 1), new(new(0x2000), 1)], image.Layouts[0].Memory.Ranges));

    [Fact]
    public void More_segments_than_16_bits_count_are_read()
    {
        ElfCoreBuilder core = new() { CountInSection = true };
        for (int i = 0; i < 70_000; i++)
        {
            core.AddLoad((ulong)i * 16, BitConverter.GetBytes((ulong)i));
        }

        Check(core, image =>
        {
            Assert.Equal(70_000, image.Layouts[0].Memory.Ranges.Count);
            Assert.True(image.Layouts[0].Memory.TryRead(new(69_999 * 16), out ulong last));
            Assert.Equal(69_999UL, last);
        });
    }

    [Fact]
    public void Program_headers_of_other_types_are_passed_over_whatever_they_say()
    {
        byte[] file = new ElfCoreBuilder().AddOther(0x6474e551, ulong.MaxValue, [1, 2, 3]).AddLoad(0x1000, [9]).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ElfCoreBuilder.FieldAt(0, 8)), ulong.MaxValue);
        using TemporaryFile temporary = TemporaryFile.With(file);
        using MemoryImage image = MemoryImage.Open(temporary.Path);
        Assert.Equal([new(new(0x1000), 1)], image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void A_single_segment_at_address_0_is_physical() =>
        Check(new ElfCoreBuilder().AddLoad(0, [1, 2]), image => Assert.Equal([1, 2], ReadAll(image.Layouts[0].Memory, 0)));

    [Fact]
    public void An_end_that_was_lost_is_refused_with_the_way_out()
    {
        byte[] file = new ElfCoreBuilder().AddLoad(0x1000, Pattern(0x1000, 1)).AddLoad(0x8000, Pattern(0x1000, 2)).Build();
        ImageAssert.Refused(file[..^0x400], "program header 1", $"0x{file.Length:x}", $"0x{file.Length - 0x400:x}", "1 KiB of RAM", "--allow-truncated");
    }

    [Fact]
    public void An_end_that_was_lost_is_missing_not_zero_where_truncation_is_allowed()
    {
        byte[] first = Pattern(0x1000, 1);
        byte[] second = Pattern(0x1000, 2);
        byte[] file = new ElfCoreBuilder().AddLoad(0x1000, first).AddLoad(0x8000, second, memoryBytes: 0x2000).AddLoad(0x10000, [7], memoryBytes: 0x1000)
            .Build();
        using TemporaryFile temporary = TemporaryFile.With(file[..^0x401]);
        using MemoryImage image = MemoryImage.Open(temporary.Path, new(AllowTruncated: true));
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal([new(new(0x1000), 0x1000), new(new(0x8000), 0xc00)], memory.Ranges);
        Assert.Equal(second[..0xc00], ReadAll(memory, 0x8000));
        Assert.Equal(2, image.Damage.Count);
        Assert.StartsWith("program header 1 ends at", image.Damage[0], StringComparison.Ordinal);
        Assert.StartsWith("program header 2 ends at", image.Damage[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_are_kept_in_file_order_and_the_cpu_state_among_them_is_read()
    {
        byte[] cpu = QemuState(version: 1);
        byte[] vmcoreinfo = "OSRELEASE=6.1.0\n"u8.ToArray();
        ElfCoreBuilder core = new ElfCoreBuilder()
            .AddNotes(ElfCoreBuilder.NoteBytes("CORE", 1, [1, 2, 3]), ElfCoreBuilder.NoteBytes("QEMU", 0, cpu))
            .AddLoad(0x1000, [1])
            .AddNotes(ElfCoreBuilder.NoteBytes("VMCOREINFO", 0, vmcoreinfo));
        Check(core, image =>
        {
            Assert.Equal(["CORE", "QEMU", "VMCOREINFO"], image.Notes.Select(note => note.Name));
            Assert.Equal([1U, 0U, 0U], image.Notes.Select(note => note.Type));
            Assert.Equal([1, 2, 3], image.Notes[0].Descriptor.ToArray());
            Assert.Equal(vmcoreinfo, image.Notes[2].Descriptor.ToArray());
            Assert.Equal([CpuState.With(new(0x110), new(0x106), ("CR0", 0x200UL), ("CR3", 0x203UL), ("CR4", 0x204UL))], image.Cpus);
        });
    }

    [Fact]
    public void Every_cpu_of_the_machine_is_kept_in_order()
    {
        ElfCoreBuilder core = new ElfCoreBuilder()
            .AddLoad(0x1000, [1])
            .AddNotes(ElfCoreBuilder.NoteBytes("QEMU", 0, QemuState(1, cr3: 0xa000)), ElfCoreBuilder.NoteBytes("QEMU", 0, QemuState(1, cr3: 0xb000)));
        Check(core, image => Assert.Equal([0xa000UL, 0xb000UL], image.Cpus.Select(cpu => cpu.Registers["CR3"])));
    }

    [Theory]
    [InlineData("QEMU", 2, 0)]
    [InlineData("CORE", 1, 0)]
    [InlineData("QEMU", 1, 9)]
    public void A_note_that_is_no_cpu_state_we_know_stays_a_note(string name, uint version, int cut)
    {
        // The last 8 bytes, kernel_gs_base, are not needed; one byte less than the control registers is too little.
        byte[] state = QemuState(version)[..^cut];
        Check(new ElfCoreBuilder().AddLoad(0x1000, [1]).AddNotes(ElfCoreBuilder.NoteBytes(name, 0, state)), image =>
        {
            Assert.Empty(image.Cpus);
            Assert.Equal(state, Assert.Single(image.Notes).Descriptor.ToArray());
        });
    }

    /// <summary>QEMUCPUState with general register n as 0x100 + n, RIP 0x110 and control register n as 0x200 + n.</summary>
    private static byte[] QemuState(uint version, ulong? cr3 = null)
    {
        const int bytes = 8 + (18 * 8) + (10 * 24) + (6 * 8);
        byte[] state = new byte[bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(state, version);
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(4), bytes);
        for (int i = 0; i < 18; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(8 + (i * 8)), 0x100 + (ulong)i);
        }

        for (int i = 0; i < 5; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(bytes - 48 + (i * 8)), i == 3 && cr3 is ulong root ? root : 0x200 + (ulong)i);
        }

        return state;
    }

    private static void Check(ElfCoreBuilder core, Action<MemoryImage> check)
    {
        using TemporaryFile file = TemporaryFile.With(core.Build());
        using MemoryImage image = MemoryImage.Open(file.Path);
        check(image);
    }

    private static byte[] ReadAll(PhysicalMemory memory, ulong start)
    {
        byte[] bytes = new byte[memory.Ranges.Single(range => range.Start.Value == start).Length];
        Assert.Equal(bytes.Length, memory.Read(new(start), bytes));
        return bytes;
    }

    private static byte[] Pattern(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + seed))];
}
