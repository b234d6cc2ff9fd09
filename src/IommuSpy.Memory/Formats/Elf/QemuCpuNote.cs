using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>The CPU state that QEMU's dump-guest-memory keeps in notes named "QEMU" (QEMU, target/i386/arch_dump.c, QEMUCPUState version 1).</summary>
internal static class QemuCpuNote
{
    private const string Name = "QEMU";
    private const uint Version = 1;

    // {version, size} then rax rbx rcx rdx rsi rdi rsp rbp r8-r15 rip rflags, ten segments of 24 bytes, cr0-cr4, kernel_gs_base.
    private const int RegistersAt = 8;
    private const int StackPointerAt = RegistersAt + (6 * 8);
    private const int InstructionPointerAt = RegistersAt + (16 * 8);
    private const int ControlRegistersAt = InstructionPointerAt + (2 * 8) + (10 * 24);
    private const int Bytes = ControlRegistersAt + (5 * 8);

    /// <summary>The state in a note, or null where the note is another's or of another version.</summary>
    internal static CpuState? Read(ElfNote note)
    {
        ReadOnlySpan<byte> state = note.Descriptor.Span;
        if (!string.Equals(note.Name, Name, StringComparison.Ordinal) || state.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(state) != Version)
        {
            return null;
        }

        return CpuState.With(
            new(BinaryPrimitives.ReadUInt64LittleEndian(state[InstructionPointerAt..])),
            new(BinaryPrimitives.ReadUInt64LittleEndian(state[StackPointerAt..])),
            ("CR0", BinaryPrimitives.ReadUInt64LittleEndian(state[ControlRegistersAt..])),
            ("CR3", BinaryPrimitives.ReadUInt64LittleEndian(state[(ControlRegistersAt + 24)..])),
            ("CR4", BinaryPrimitives.ReadUInt64LittleEndian(state[(ControlRegistersAt + 32)..])));
    }
}
