using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Where an instruction leads, as far as its own bytes say it and those right behind it.</summary>
/// <param name="At">The instruction.</param>
/// <param name="Target">Where a branch goes; of a branch through memory, where that memory is; of a number, the number.</param>
/// <param name="Kind">Which of these it is.</param>
internal readonly record struct CodeReference(VirtualAddress At, VirtualAddress Target, CodeReferenceKind Kind);

/// <summary>How an instruction leads somewhere.</summary>
internal enum CodeReferenceKind
{
    /// <summary>A jump or a call goes there.</summary>
    Branch,

    /// <summary>A jump or a call goes where the 8 bytes there say.</summary>
    Slot,

    /// <summary>The number is put in a register or on the stack, and soon after it an instruction goes there.</summary>
    Number,
}
