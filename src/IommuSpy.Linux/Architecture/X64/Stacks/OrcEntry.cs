namespace IommuSpy.Linux.Architecture.X64.Stacks;

/// <summary>How to get from one place of the kernel's code to whoever called it (arch/x86/include/asm/orc_types.h), whatever release wrote it down.</summary>
/// <param name="Kind">What stands there.</param>
/// <param name="StackRegister">By which register the caller's stack is found.</param>
/// <param name="StackOffset">Bytes from there to it.</param>
/// <param name="FrameRegister">By which register the caller's RBP is found.</param>
/// <param name="FrameOffset">Bytes from there to it.</param>
internal readonly record struct OrcEntry(OrcKind Kind, int StackRegister, int StackOffset, int FrameRegister, int FrameOffset);

/// <summary>What stands on the stack at a place of the kernel's code.</summary>
internal enum OrcKind
{
    /// <summary>Nothing is known.</summary>
    Undefined,

    /// <summary>Nobody called this.</summary>
    End,

    /// <summary>A return address.</summary>
    Call,

    /// <summary>All registers: struct pt_regs.</summary>
    Registers,

    /// <summary>What the processor itself saves: the end of struct pt_regs.</summary>
    PartOfRegisters,
}
