using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Code;

namespace IommuSpy.Linux.Tests.Architecture.X64;

/// <summary>What instructions say of where they go. That they are read as others read them, a test with guests holds.</summary>
public class X64InstructionReaderTests
{
    private const ulong Start = 0xffff_ffff_8100_0000;

    [Theory]
    [InlineData("e8 fb 0f 00 00", "call   0xffffffff81001000", 0xffff_ffff_8100_1000, true)]
    [InlineData("75 fe", "jne    0xffffffff81000000", Start, true)]
    [InlineData("48 8b 05 f9 0f 00 00", "mov    0xff9(%rip),%rax", 0xffff_ffff_8100_1000, false)]
    [InlineData("48 c7 c7 00 10 00 81", "mov    $0xffffffff81001000,%rdi", 0xffff_ffff_8100_1000, false)]
    [InlineData("4a 03 1c c5 00 10 00 81", "add    -0x7efff000(,%r8,8),%rbx", 0xffff_ffff_8100_1000, false)]
    [InlineData("ff d0", "call   *%rax", null, true)]
    [InlineData("0f 0b", "ud2", null, false)]
    public void An_instruction_says_where_it_goes(string bytes, string text, ulong? target, bool leaves)
    {
        Instruction instruction = Assert.Single(Read(bytes, AssemblySyntax.Att));
        Assert.Equal((text, target, leaves), (instruction.Text, instruction.Target?.Value, instruction.Leaves));
    }

    [Theory]
    [InlineData("65 48 8b 04 25 28 00 00 00")]
    [InlineData("65 48 8b 05 20 00 00 7f")]
    public void What_GS_is_the_beginning_of_is_no_address(string bytes)
    {
        Instruction instruction = Assert.Single(Read(bytes, AssemblySyntax.Intel));
        Assert.Null(instruction.Target);
        Assert.Equal(0x28UL, instruction.PerCpu!.Value.Value);
    }

    [Fact]
    public void What_is_no_instruction_is_one_byte()
    {
        Instruction[] read = [.. Read("06 90 e8 00", AssemblySyntax.Att)];
        Assert.Equal(["(bad)", "nop", "(bad)", "(bad)"], read.Select(one => one.Text));
        Assert.Equal([Start, Start + 1, Start + 2, Start + 3], read.Select(one => one.Address.Value));
    }

    private static IEnumerable<Instruction> Read(string bytes, AssemblySyntax syntax) =>
        new X64InstructionReader().Read(Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)), new(Start), syntax);
}
