using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using CsCheck;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.VmCoreInfo;

public class VmCoreInfoNoteTests
{
    /// <summary>Lines of a Debian 6.1 guest, every kind of them.</summary>
    private const string Text = """
        OSRELEASE=6.1.0-56-amd64
        BUILD-ID=eb4fbcd037e7253717950bf2b93bd5566f47c56f
        PAGESIZE=4096
        SYMBOL(swapper_pg_dir)=ffffffff99410000
        SYMBOL(mem_section)=ffff8ac01fdb8000
        LENGTH(mem_section)=4096
        SIZE(page)=64
        OFFSET(page._refcount)=52
        NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129
        NUMBER(phys_base)=-163577856
        NUMBER(pgtable_l5_enabled)=0
        NUMBER(kimage_voffset)=0xffff800008000000
        KERNELOFFSET=16a00000
        NUMBER(sme_mask)=-9223372036854775808

        """;

    [Fact]
    public void ReadsEveryKindOfLine()
    {
        VmCoreInfoNote note = Parse(Text);
        Assert.Equal("6.1.0-56-amd64", note.Release);
        Assert.Equal("eb4fbcd037e7253717950bf2b93bd5566f47c56f", note.BuildId);
        Assert.Equal(4096, note.PageSize);
        Assert.Equal(0x16a00000ul, note.KernelOffset);
        Assert.Equal(14, note.Count);
        Assert.True(note.TryGetSymbol("swapper_pg_dir", out VirtualAddress root));
        Assert.Equal(0xffffffff99410000, root.Value);
        Assert.True(note.TryGetNumber("phys_base", out long physicalBase));
        Assert.Equal(-163577856, physicalBase);
        Assert.True(note.TryGetNumber("sme_mask", out long mask));
        Assert.Equal(1ul << 63, (ulong)mask);
        Assert.True(note.TryGetNumber("kimage_voffset", out long offset));
        Assert.Equal(0xffff800008000000, (ulong)offset);
        Assert.True(note.TryGetSize("page", out long size));
        Assert.Equal(64, size);
        Assert.True(note.TryGetOffset("page._refcount", out long member));
        Assert.Equal(52, member);
        Assert.True(note.TryGetLength("mem_section", out long length));
        Assert.Equal(4096, length);
    }

    [Fact]
    public void StatesWhatIsMissing()
    {
        VmCoreInfoNote note = Parse("OSRELEASE=3.16.0\nCRASHTIME=x\nKERNELOFFSET=zz\nNUMBER(a)=\nSYMBOL(b)=0x\nPAGESIZE=99999999999999999999\n");
        Assert.Null(note.BuildId);
        Assert.Null(note.PageSize);
        Assert.Null(note.KernelOffset);
        Assert.False(note.TryGetNumber("a", out _));
        Assert.False(note.TryGetSymbol("b", out _));
        Assert.False(note.TryGetSymbol("a", out _));
        Assert.False(note.TryGetSize("page", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("OSRELEASE=")]
    [InlineData("OSRELEASE=%s\nBUILD-ID=%20phN\n")] // the format string in the kernel's image
    [InlineData("OSRELEASE=6.1.0\n")]
    [InlineData("OSRELEASE=6.1.0\nPAGESIZE=4096")]
    [InlineData("PAGESIZE=4096\nOSRELEASE=6.1.0\n")]
    public void RefusesWhatIsNoNote(string text) => Assert.False(VmCoreInfoNote.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void LeavesOutALineThatIsCut()
    {
        VmCoreInfoNote note = Parse(Text[..Text.IndexOf("10000\nSYMBOL(mem", StringComparison.Ordinal)]);
        Assert.Equal(4096, note.PageSize);
        Assert.False(note.TryGetSymbol("swapper_pg_dir", out _));
    }

    [Fact]
    public void TakesTheFirstOfEqualNames() => Assert.Equal(1, Parse("OSRELEASE=6\nPAGESIZE=1\nPAGESIZE=2\n").PageSize);

    [Fact]
    public void ReadsNoFurtherThanItsLimit()
    {
        string text = "OSRELEASE=6.1\n" + string.Concat(Enumerable.Range(0, 10_000).Select(i => $"NUMBER(n{i:d6})={i}\n"));
        VmCoreInfoNote note = Parse(text);
        Assert.InRange(note.Count, 3000, 4000);
        Assert.True(note.TryGetNumber("n002000", out _));
        Assert.False(note.TryGetNumber("n009999", out _));
    }

    [Fact]
    public void FindsNotesAndBareTexts()
    {
        byte[] text = Encoding.ASCII.GetBytes(Text);
        var memory = new byte[0x40000];
        text.CopyTo(memory, 0x1000);
        WriteNote(memory, 0x5004, text);
        Encoding.ASCII.GetBytes("VMCOREINFO\0OSRELEASE=%s\n\0").CopyTo(memory, 0x9001);
        text.AsSpan(0, 200).CopyTo(memory.AsSpan(memory.Length - 200));

        Assert.Equal(
            [
                new VmCoreInfoLocation(0x1000, 0x1000, text.Length, HasHeader: false, IsCut: false),
                new VmCoreInfoLocation(0x5004, 0x501c, text.Length, HasHeader: true, IsCut: false),
                new VmCoreInfoLocation(memory.Length - 200, memory.Length - 200, 200, HasHeader: false, IsCut: true),
            ],
            VmCoreInfoNote.FindAll(memory));
    }

    /// <summary>The header's size bounds the text, even where text goes on after it.</summary>
    [Fact]
    public void KeepsToTheSizeInTheHeader()
    {
        byte[] text = Encoding.ASCII.GetBytes(Text);
        var memory = new byte[0x2000];
        WriteNote(memory, 0, text);
        memory.AsSpan(24 + text.Length).Fill((byte)'x');
        VmCoreInfoLocation found = Assert.Single(VmCoreInfoNote.FindAll(memory));
        Assert.Equal(text.Length, found.TextLength);
    }

    /// <summary>A header that makes no sense does not hide the text: it counts as bare.</summary>
    [Theory]
    [InlineData(0, 12u)]
    [InlineData(4, 0xffffffffu)]
    [InlineData(8, 1u)]
    public void FindsTheTextAfterABrokenHeader(int field, uint value)
    {
        var memory = new byte[0x2000];
        WriteNote(memory, 0x100, Encoding.ASCII.GetBytes(Text));
        BinaryPrimitives.WriteUInt32LittleEndian(memory.AsSpan(0x100 + field), value);
        VmCoreInfoLocation found = Assert.Single(VmCoreInfoNote.FindAll(memory));
        Assert.Equal((0x118, false), (found.Offset, found.HasHeader));
    }

    /// <summary>Memory full of beginnings: time grows with its size, not with its square.</summary>
    [Theory]
    [InlineData("OSRELEASE=6\nx=\n")]
    [InlineData("OSRELEASE=6")]
    [InlineData("OSRELEASE=6\nx\0")]
    public void IsLinear(string pattern)
    {
        var memory = new byte[64 << 20];
        byte[] bytes = Encoding.ASCII.GetBytes(pattern);
        for (int i = 0; i + bytes.Length <= memory.Length; i += bytes.Length)
        {
            bytes.CopyTo(memory, i);
        }

        long started = Stopwatch.GetTimestamp();
        VmCoreInfoNote.FindAll(memory);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void SurvivesMutations()
    {
        var original = new byte[0x1000];
        WriteNote(original, 0x20, Encoding.ASCII.GetBytes(Text));
        Gen.Select(Gen.Select(Gen.Int[0, 0x300], Gen.Byte).Array[0, 6], Gen.Int[0, original.Length]).Sample((edits, length) =>
        {
            byte[] memory = [.. original];
            foreach ((int place, byte value) in edits)
            {
                memory[place] = value;
            }

            ReadOnlySpan<byte> piece = memory.AsSpan(0, length);
            foreach (VmCoreInfoLocation location in VmCoreInfoNote.FindAll(piece))
            {
                Assert.True(VmCoreInfoNote.TryParse(piece.Slice(location.TextOffset, location.TextLength), out _));
            }
        });
    }

    private static VmCoreInfoNote Parse(string text)
    {
        Assert.True(VmCoreInfoNote.TryParse(Encoding.ASCII.GetBytes(text), out VmCoreInfoNote? note));
        return note;
    }

    private static void WriteNote(byte[] memory, int offset, byte[] text)
    {
        Span<byte> note = memory.AsSpan(offset);
        BinaryPrimitives.WriteUInt32LittleEndian(note, 11);
        BinaryPrimitives.WriteUInt32LittleEndian(note[4..], (uint)text.Length);
        "VMCOREINFO\0\0"u8.CopyTo(note[12..]);
        text.CopyTo(note[24..]);
    }
}
