namespace IommuSpy.Linux.Stacks;

/// <summary>A kernel stack.</summary>
/// <param name="Frames">Its frames, the innermost first.</param>
/// <param name="Problem">Why it may be wrong or end too early; null where it was followed to its end.</param>
public sealed record StackTrace(IReadOnlyList<StackFrame> Frames, string? Problem);
