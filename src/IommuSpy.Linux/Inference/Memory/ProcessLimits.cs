namespace IommuSpy.Linux.Inference.Memory;

/// <summary>Where code, data, heap, stack, arguments and environment of a process begin and end.</summary>
/// <param name="StackAt">mm_struct.start_stack.</param>
internal sealed record ProcessLimits(int StackAt);
