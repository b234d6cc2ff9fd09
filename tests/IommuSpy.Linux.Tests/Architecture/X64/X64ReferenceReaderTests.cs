using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Architecture.X64;

/// <summary>Where instructions of x86-64 lead; objdump shows the bytes as the remarks say.</summary>
public sealed class X64ReferenceReaderTests
{
    private const ulong Start = 0xffff_ffff_8100_0000;

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
    public void An_instruction_leads_there(string code, object kind, ulong target)
    {
        CodeReference reference = Assert.Single(Read(code));
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
    public void An_instruction_leads_nowhere(string code) => Assert.Empty(Read(code));

    private static List<CodeReference> Read(string code)
    {
        List<CodeReference> references = [];
        new X64ReferenceReader().Read(Convert.FromHexString(code), new VirtualAddress(Start), references.Add);
        return references;
    }
}
