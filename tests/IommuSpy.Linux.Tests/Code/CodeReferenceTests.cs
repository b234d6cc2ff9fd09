using IommuSpy.Linux.Architecture.Arm64;
using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Code;

/// <summary>Where instructions lead; objdump shows the bytes as the remarks say.</summary>
public sealed class CodeReferenceTests
{
    private const ulong Start = 0xffff_ffff_8100_0000;
    private const ulong Arm64Start = 0xffff_8000_1000_0000;

    [Theory]
    [InlineData("e9fbff1f3f", CodeReferenceKind.Branch, 0xffff_ffff_c020_0000)] // jmp
    [InlineData("e8fbff1f3f", CodeReferenceKind.Branch, 0xffff_ffff_c020_0000)] // call
    [InlineData("0f84faff1f3f", CodeReferenceKind.Branch, 0xffff_ffff_c020_0000)] // je
    [InlineData("48b8000020c0ffffffffffe0", CodeReferenceKind.Number, 0xffff_ffff_c020_0000)] // movabs $,%rax; jmp *%rax
    [InlineData("48c7c0000020c0ffe0", CodeReferenceKind.Number, 0xffff_ffff_c020_0000)] // mov $,%rax; jmp *%rax
    [InlineData("68000020c0c3", CodeReferenceKind.Number, 0xffff_ffff_c020_0000)] // push $; ret
    [InlineData("488d05f9ff1f3fffe0", CodeReferenceKind.Number, 0xffff_ffff_c020_0000)] // lea (%rip),%rax; jmp *%rax
    [InlineData("48b8000020c0ffffffff50c3", CodeReferenceKind.Number, 0xffff_ffff_c020_0000)] // movabs $,%rax; push %rax; ret
    [InlineData("ff2500000000", CodeReferenceKind.Slot, 0xffff_ffff_8100_0006)] // jmp *0(%rip)
    [InlineData("ff1425001000c0", CodeReferenceKind.Slot, 0xffff_ffff_c000_1000)] // call *0xffffffffc0001000
    [InlineData("06e9faff1f3f", CodeReferenceKind.Branch, 0xffff_ffff_c020_0000)] // no instruction; jmp
    public void An_instruction_of_x86_64_leads_there(string code, object kind, ulong target)
    {
        CodeReference reference = Assert.Single(Read(new X64ReferenceReader(), code, Start));
        Assert.Equal(((CodeReferenceKind)kind, target), (reference.Kind, reference.Target.Value));
        Assert.InRange(reference.At.Value, Start, Start + 1);
    }

    [Theory]
    [InlineData("ebfe")] // jmp to itself
    [InlineData("65ff2500000000")] // jmp *%gs:0(%rip)
    [InlineData("ff20")] // jmp *(%rax)
    [InlineData("488b0500000000")] // mov 0(%rip),%rax
    [InlineData("48c7c0000000c04821c3c3")] // mov $mask,%rax; and %rax,%rbx; ret
    [InlineData("48b8000020c0ffffffffffe3")] // movabs $,%rax; jmp *%rbx
    public void An_instruction_of_x86_64_leads_nowhere(string code) => Assert.Empty(Read(new X64ReferenceReader(), code, Start));

    [Theory]
    [InlineData("00000814", CodeReferenceKind.Branch, Arm64Start + 0x20_0000)] // b
    [InlineData("00000894", CodeReferenceKind.Branch, Arm64Start + 0x20_0000)] // bl
    [InlineData("ffffff17", CodeReferenceKind.Branch, Arm64Start - 4)] // b .-4
    [InlineData("00000854", CodeReferenceKind.Branch, Arm64Start + 0x1_0000)] // b.eq
    [InlineData("000008b4", CodeReferenceKind.Branch, Arm64Start + 0x1_0000)] // cbz x0
    [InlineData("00000436", CodeReferenceKind.Branch, Arm64Start - 0x8000)] // tbz w0, #0
    [InlineData("5000005800021fd6000020c00080ffff", CodeReferenceKind.Number, 0xffff_8000_c020_0000)] // ldr x16, .+8; br x16; .quad
    public void An_instruction_of_arm64_leads_there(string code, object kind, ulong target)
    {
        CodeReference reference = Assert.Single(Read(new Arm64ReferenceReader(), code, Arm64Start));
        Assert.Equal(((CodeReferenceKind)kind, target, Arm64Start), (reference.Kind, reference.Target.Value, reference.At.Value));
    }

    [Theory]
    [InlineData("c0035fd6")] // ret
    [InlineData("1f2003d5")] // nop
    [InlineData("10000058")] // ldr x16, . : only half of it is there
    [InlineData("5000005820021fd6000020c00080ffff")] // ldr x16, .+8; br x17; .quad
    [InlineData("00000014")] // b to itself
    public void An_instruction_of_arm64_leads_nowhere(string code) => Assert.Empty(Read(new Arm64ReferenceReader(), code, Arm64Start));

    private static List<CodeReference> Read(CodeReferenceReader reader, string code, ulong start)
    {
        List<CodeReference> references = [];
        reader.Read(Convert.FromHexString(code), new VirtualAddress(start), references.Add);
        return references;
    }
}
