using IommuSpy.Linux.Architecture.Arm64;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Architecture.Arm64;

/// <summary>Where instructions of arm64 lead; objdump shows the bytes as the remarks say.</summary>
public sealed class Arm64ReferenceReaderTests
{
    private const ulong Start = 0xffff_8000_1000_0000;

    [Theory]
    [InlineData("00000814", CodeReferenceKind.Branch, Start + 0x20_0000)] // b
    [InlineData("00000894", CodeReferenceKind.Branch, Start + 0x20_0000)] // bl
    [InlineData("ffffff17", CodeReferenceKind.Branch, Start - 4)] // b .-4
    [InlineData("00000854", CodeReferenceKind.Branch, Start + 0x1_0000)] // b.eq
    [InlineData("000008b4", CodeReferenceKind.Branch, Start + 0x1_0000)] // cbz x0
    [InlineData("00000436", CodeReferenceKind.Branch, Start - 0x8000)] // tbz w0, #0
    [InlineData("5000005800021fd6000020c00080ffff", CodeReferenceKind.Number, 0xffff_8000_c020_0000)] // ldr x16, .+8; br x16; .quad
    public void An_instruction_leads_there(string code, object kind, ulong target)
    {
        CodeReference reference = Assert.Single(Read(code));
        Assert.Equal(((CodeReferenceKind)kind, target, Start), (reference.Kind, reference.Target.Value, reference.At.Value));
    }

    [Theory]
    [InlineData("c0035fd6")] // ret
    [InlineData("1f2003d5")] // nop
    [InlineData("10000058")] // ldr x16, . : only half of it is there
    [InlineData("5000005820021fd6000020c00080ffff")] // ldr x16, .+8; br x17; .quad
    [InlineData("00000014")] // b to itself
    public void An_instruction_leads_nowhere(string code) => Assert.Empty(Read(code));

    private static List<CodeReference> Read(string code)
    {
        List<CodeReference> references = [];
        new Arm64ReferenceReader().Read(Convert.FromHexString(code), new VirtualAddress(Start), references.Add);
        return references;
    }
}
