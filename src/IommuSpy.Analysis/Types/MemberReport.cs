using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Types;

/// <summary>A member of a structure or union.</summary>
/// <param name="Name">Its name; null for an anonymous structure or union.</param>
/// <param name="Type">Its type as C writes it: "char [16]".</param>
/// <param name="Declaration">Its declaration as C writes it: "char comm[16]".</param>
/// <param name="Offset">Bytes from the start of the outermost structure; of a bit-field, to the unit that it is declared in.</param>
/// <param name="Bytes">sizeof its type.</param>
/// <param name="BitOffset">Of a bit-field, bits from there to its first bit; null for others.</param>
/// <param name="Bits">Of a bit-field, how many bits it has; null for others.</param>
/// <param name="HoleBefore">Bits that nothing uses between the member before and this one.</param>
/// <param name="Members">Of a structure or union that has no name of its own, its members; null for others.</param>
public sealed record MemberReport(
    string? Name,
    string Type,
    string Declaration,
    HexValue Offset,
    ulong Bytes,
    int? BitOffset,
    int? Bits,
    ulong HoleBefore,
    IReadOnlyList<MemberReport>? Members);
