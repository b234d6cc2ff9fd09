namespace IommuSpy.Linux.Inference;

/// <summary>A field that was pinned down from the data, and what for.</summary>
/// <param name="Structure">The structure's tag.</param>
/// <param name="Name">The field's name.</param>
/// <param name="Offset">Bytes from the structure's start.</param>
/// <param name="Confidence">What pins it down.</param>
/// <param name="Objects">For how many objects the invariant was checked: all that there are.</param>
/// <param name="Invariant">What holds for all of them.</param>
public sealed record InferredField(string Structure, string Name, ulong Offset, InferenceConfidence Confidence, int Objects, string Invariant);
