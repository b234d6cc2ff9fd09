using System.Buffers.Binary;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>Where A64 instructions lead (Arm ARM DDI 0487, C4.1 and C6.2).</summary>
internal sealed class Arm64ReferenceReader : CodeReferenceReader
{
    private const int InstructionBytes = 4;
    private const uint RegisterMask = 31;

    // Between a number's coming into a register and the branch through it, at the most.
    private const int MostBetween = 8;

    /// <inheritdoc/>
    public override void Read(ArraySegment<byte> code, VirtualAddress start, Action<CodeReference> receive)
    {
        (VirtualAddress At, ulong Value, uint Register, int Left) loaded = default;
        for (int i = 0; i + InstructionBytes <= code.Count; i += InstructionBytes)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code.AsSpan(i));
            VirtualAddress at = start + (ulong)i;
            CodeReference? reference = Of(word, at);
            if (IsLiteral(word))
            {
                // What is loaded stands in the code itself.
                ulong offset = at + Distance(word, 5, 19) - start;
                loaded = code.Count >= sizeof(ulong) && offset <= (ulong)(code.Count - sizeof(ulong))
                    ? (at, BinaryPrimitives.ReadUInt64LittleEndian(code.AsSpan((int)offset)), word & RegisterMask, MostBetween) : default;
            }
            else if (loaded.Left > 0)
            {
                loaded.Left--;
                reference ??= IsBranchThrough(word, loaded.Register) ? new(loaded.At, new(loaded.Value), CodeReferenceKind.Number) : null;
            }

            if (reference is CodeReference its && its.Target - start >= (ulong)code.Count)
            {
                receive(its);
            }
        }
    }

    // BR and BLR.
    private static bool IsBranchThrough(uint word, uint register) => (word & 0xffdf_fc1f) == 0xd61f_0000 && ((word >> 5) & RegisterMask) == register;

    // B and BL; B.cond and CBZ, CBNZ; TBZ, TBNZ.
    private static CodeReference? Of(uint word, VirtualAddress at) => word switch
    {
        _ when (word & 0x7c00_0000) == 0x1400_0000 => new(at, at + Distance(word, 0, 26), CodeReferenceKind.Branch),
        _ when (word & 0xff00_0000) == 0x5400_0000 || (word & 0x7e00_0000) == 0x3400_0000 => new(at, at + Distance(word, 5, 19), CodeReferenceKind.Branch),
        _ when (word & 0x7e00_0000) == 0x3600_0000 => new(at, at + Distance(word, 5, 14), CodeReferenceKind.Branch),
        _ => null,
    };

    // LDR of 64 bits.
    private static bool IsLiteral(uint word) => (word & 0xff00_0000) == 0x5800_0000;

    // A signed number of instructions.
    private static ulong Distance(uint word, int from, int bits) => (ulong)((long)((ulong)word << (64 - from - bits)) >> (64 - bits) << 2);
}
