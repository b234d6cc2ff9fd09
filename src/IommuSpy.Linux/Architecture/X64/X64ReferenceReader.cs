using Iced.Intel;
using IommuSpy.Linux.Code;
using IommuSpy.Memory;
using Instruction = Iced.Intel.Instruction;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>Where instructions of x86-64 in 64-bit mode lead, decoded by Iced.</summary>
internal sealed class X64ReferenceReader : CodeReferenceReader
{
    private const int Bits = 64;

    // Between a number's coming into a register and the branch through it, at the most.
    private const int MostBetween = 8;

    /// <inheritdoc/>
    public override void Read(ArraySegment<byte> code, VirtualAddress start, Action<CodeReference> receive)
    {
        ByteArrayCodeReader reader = new(code);
        Decoder decoder = Decoder.Create(Bits, reader, start.Value);
        Loaded? loaded = null;
        while (reader.CanReadByte)
        {
            int from = reader.Position;
            VirtualAddress at = new(decoder.IP);
            decoder.Decode(out Instruction decoded);
            if (decoded.IsInvalid)
            {
                reader.Position = from + 1;
                decoder.IP = at.Value + 1;
                loaded = null;
                continue;
            }

            CodeReference? reference = Of(decoded, at) ?? loaded?.IfGoneTo(decoded);
            if (reference is CodeReference its && (its.Kind == CodeReferenceKind.Slot || its.Target - start >= (ulong)code.Count))
            {
                receive(its);
            }

            loaded = LoadedBy(decoded, at) ?? loaded?.After(decoded);
        }
    }

    private static CodeReference? Of(in Instruction decoded, VirtualAddress at)
    {
        // What an address in memory is counted from is the CPU's own with another beginning, and not known here.
        bool hasBase = decoded.SegmentPrefix is Register.GS or Register.FS;
        switch (decoded.FlowControl)
        {
            case FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch or FlowControl.Call when decoded.Op0Kind == OpKind.NearBranch64:
                return new(at, new(decoded.NearBranch64), CodeReferenceKind.Branch);
            case FlowControl.IndirectBranch or FlowControl.IndirectCall when decoded.Op0Kind == OpKind.Memory && !hasBase:
                return decoded.IsIPRelativeMemoryOperand ? new(at, new(decoded.IPRelativeMemoryAddress), CodeReferenceKind.Slot)
                    : decoded.MemoryBase == Register.None && decoded.MemoryIndex == Register.None
                        ? new(at, new(decoded.MemoryDisplacement64), CodeReferenceKind.Slot)
                    : null;
            default:
                return null;
        }
    }

    // mov $address,%reg; lea of what is near; push $address.
    private static Loaded? LoadedBy(in Instruction decoded, VirtualAddress at) => decoded.Mnemonic switch
    {
        Mnemonic.Mov when decoded.Op0Kind == OpKind.Register && decoded.Op1Kind is OpKind.Immediate64 or OpKind.Immediate32to64 =>
            new(at, decoded.GetImmediate(1), decoded.Op0Register, false, MostBetween),
        Mnemonic.Lea when decoded.IsIPRelativeMemoryOperand => new(at, decoded.IPRelativeMemoryAddress, decoded.Op0Register, false, MostBetween),
        Mnemonic.Push when decoded.Op0Kind == OpKind.Immediate32to64 => new(at, decoded.GetImmediate(0), Register.None, true, MostBetween),
        _ => null,
    };

    /// <summary>A number that an instruction has put in a register or on the stack; most are no addresses, and none is gone to.</summary>
    private readonly record struct Loaded(VirtualAddress At, ulong Value, Register Register, bool IsPushed, int Left)
    {
        /// <summary>The reference, where an instruction goes there.</summary>
        public CodeReference? IfGoneTo(in Instruction decoded) => decoded.FlowControl switch
        {
            FlowControl.IndirectBranch or FlowControl.IndirectCall => decoded.Op0Kind == OpKind.Register && decoded.Op0Register == Register,
            FlowControl.Return => IsPushed,
            _ => false,
        }
            ? new(At, new(Value), CodeReferenceKind.Number) : null;

        /// <summary>What is left of it behind an instruction.</summary>
        public Loaded? After(in Instruction decoded) => Left == 0 ? null
            : this with
            {
                Left = Left - 1,
                IsPushed = IsPushed || (decoded.Mnemonic == Mnemonic.Push && decoded.Op0Kind == OpKind.Register && decoded.Op0Register == Register),
            };
    }
}
