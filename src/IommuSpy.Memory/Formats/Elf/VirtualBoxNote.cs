using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>The CPU state that VirtualBox's dumpvmcore keeps in notes named "VBCPU" (VirtualBox, include/VBox/vmm/dbgfcorefmt.h, DBGFCORECPU).</summary>
internal static class VirtualBoxNote
{
    private const string CoreName = "VBCORE";
    private const string CpuName = "VBCPU";

    // 18 registers: rax rbx rcx rdx rsi rdi r8-r15 rip rsp rbp rflags; six segments of 24 bytes; cr0 cr2 cr3 cr4.
    private const int InstructionPointerAt = 14 * 8;
    private const int StackPointerAt = 15 * 8;
    private const int ControlRegistersAt = (18 * 8) + (6 * 24);

    /// <summary>Whether the note is VirtualBox's own, which no other core has. Its ranges of devices have no bytes in the file, and are no memory.</summary>
    internal static bool IsOfCore(ElfNote note) => string.Equals(note.Name, CoreName, StringComparison.Ordinal);

    /// <summary>The state in a note, or null where the note is another's.</summary>
    internal static CpuState? Read(ElfNote note)
    {
        ReadOnlySpan<byte> state = note.Descriptor.Span;
        if (!string.Equals(note.Name, CpuName, StringComparison.Ordinal) || state.Length < ControlRegistersAt + (4 * 8))
        {
            return null;
        }

        return CpuState.With(
            new(BinaryPrimitives.ReadUInt64LittleEndian(state[InstructionPointerAt..])),
            new(BinaryPrimitives.ReadUInt64LittleEndian(state[StackPointerAt..])),
            ("CR0", BinaryPrimitives.ReadUInt64LittleEndian(state[ControlRegistersAt..])),
            ("CR3", BinaryPrimitives.ReadUInt64LittleEndian(state[(ControlRegistersAt + 16)..])),
            ("CR4", BinaryPrimitives.ReadUInt64LittleEndian(state[(ControlRegistersAt + 24)..])));
    }
}
