using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Xen;

/// <summary>The registers of a virtual CPU as Xen hands them out: vcpu_guest_context of x86-64 (xen/include/public/arch-x86/xen.h).</summary>
internal static class GuestContext
{
    // 512 bytes of FPU, flags, 25 words of registers, 256 trap entries of 16 bytes, the descriptor tables' 19 words, two stack words, cr0-cr7.
    private const int RegistersAt = 512 + 8;
    private const int InstructionPointerAt = RegistersAt + (16 * 8);
    private const int StackPointerAt = RegistersAt + (19 * 8);
    private const int ControlRegistersAt = RegistersAt + (25 * 8) + (256 * 16) + (19 * 8) + (2 * 8);

    /// <summary>Bytes of one: after the control registers, debug registers, callbacks, vm_assist and segment bases.</summary>
    internal const int Bytes = ControlRegistersAt + (8 * 8) + (8 * 8) + (7 * 8);

    /// <summary>The registers that address translation needs.</summary>
    /// <param name="context">At least <see cref="Bytes"/>.</param>
    internal static CpuState Read(ReadOnlySpan<byte> context) => CpuState.With(
        new(Register(context, InstructionPointerAt)),
        new(Register(context, StackPointerAt)),
        ("CR0", Register(context, ControlRegistersAt)),
        ("CR3", Register(context, ControlRegistersAt + (3 * 8))),
        ("CR4", Register(context, ControlRegistersAt + (4 * 8))));

    private static ulong Register(ReadOnlySpan<byte> context, int at) => BinaryPrimitives.ReadUInt64LittleEndian(context[at..]);
}
