using System.Runtime.InteropServices;
using Iced.Intel;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;
using Instruction = IommuSpy.Linux.Code.Instruction;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>Instructions of x86-64 in 64-bit mode, decoded by Iced.</summary>
internal sealed class X64InstructionReader : InstructionReader
{
    private const int Bits = 64;

    // Operands begin in one column, as objdump has them.
    private const int OperandColumn = 7;

    /// <inheritdoc/>
    public override IEnumerable<Instruction> Read(ReadOnlyMemory<byte> code, VirtualAddress start, AssemblySyntax syntax)
    {
        ArraySegment<byte> bytes = MemoryMarshal.TryGetArray(code, out ArraySegment<byte> its) ? its : new(code.ToArray());
        ByteArrayCodeReader reader = new(bytes);
        Decoder decoder = Decoder.Create(Bits, reader, start.Value);
        Formatter formatter = syntax == AssemblySyntax.Intel ? new IntelFormatter() : new GasFormatter();
        Configure(formatter.Options);
        StringOutput output = new();
        while (reader.CanReadByte)
        {
            int from = reader.Position;
            ulong at = decoder.IP;
            decoder.Decode(out Iced.Intel.Instruction decoded);
            if (decoded.IsInvalid)
            {
                reader.Position = from + 1;
                decoder.IP = at + 1;
                yield return new(new(at), code.Slice(from, 1), Instruction.Bad, null, false);
                continue;
            }

            formatter.Format(decoded, output);
            (VirtualAddress? target, bool leaves) = TargetOf(decoded);
            yield return new(new(at), code.Slice(from, decoded.Length), output.ToStringAndReset().TrimEnd(), target, leaves, PerCpuOf(decoded));
        }
    }

    private static void Configure(FormatterOptions options)
    {
        options.FirstOperandCharIndex = OperandColumn;
        options.UppercaseHex = false;
        options.HexPrefix = "0x";
        options.HexSuffix = null;
        options.SmallHexNumbersInDecimal = false;
        options.SpaceAfterOperandSeparator = false;
        options.BranchLeadingZeros = false;
        options.DisplacementLeadingZeros = false;
        options.LeadingZeros = false;
        options.ShowBranchSize = false;
        options.RipRelativeAddresses = true;
        options.SignedImmediateOperands = false;
        options.SignedMemoryDisplacements = true;
        options.ShowZeroDisplacements = true;
    }

    // What an instruction alone says: a branch, memory by its distance from here or by its address, and an immediate that is an address of the kernel's half.
    private static (VirtualAddress? Target, bool Leaves) TargetOf(in Iced.Intel.Instruction decoded)
    {
        bool leaves = decoded.FlowControl is not (FlowControl.Next or FlowControl.Interrupt or FlowControl.Exception);
        if (decoded.OpCount > 0 && decoded.Op0Kind == OpKind.NearBranch64)
        {
            return (new(decoded.NearBranch64), leaves);
        }

        // With another beginning it is no address, but how far something is from there.
        bool hasBase = decoded.SegmentPrefix is Register.GS or Register.FS;
        if (decoded.IsIPRelativeMemoryOperand)
        {
            return (hasBase ? null : new(decoded.IPRelativeMemoryAddress), false);
        }

        for (int i = 0; i < decoded.OpCount; i++)
        {
            ulong? value = decoded.GetOpKind(i) switch
            {
                OpKind.Memory when !hasBase && decoded.MemoryDisplSize >= sizeof(uint) => decoded.MemoryDisplacement64,
                OpKind.Immediate64 or OpKind.Immediate32to64 => decoded.GetImmediate(i),
                _ => null,
            };
            if (value is ulong address && (long)address < 0)
            {
                return (new(address), false);
            }
        }

        return (null, leaves);
    }

    // The kernel's GS is the beginning of the CPU's own memory.
    private static VirtualAddress? PerCpuOf(in Iced.Intel.Instruction decoded) => decoded.SegmentPrefix != Register.GS ? null
        : decoded.IsIPRelativeMemoryOperand ? new(decoded.IPRelativeMemoryAddress)
        : decoded.MemoryBase == Register.None && decoded.MemoryIndex == Register.None ? new(decoded.MemoryDisplacement64)
        : null;
}
