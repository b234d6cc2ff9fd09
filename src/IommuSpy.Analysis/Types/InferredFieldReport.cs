using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Inference;

namespace IommuSpy.Analysis.Types;

/// <summary>A field that was pinned down from the data, and what for.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Offset">Bytes from the structure's start.</param>
/// <param name="Confidence">What pins it down.</param>
/// <param name="Objects">For how many objects the invariant was checked: all that there are.</param>
/// <param name="Invariant">What holds for all of them.</param>
public sealed record InferredFieldReport(string Name, HexValue Offset, InferenceConfidence Confidence, int Objects, string Invariant)
{
    /// <summary>The report of a field.</summary>
    internal static InferredFieldReport Of(InferredField field) => new(field.Name, new(field.Offset), field.Confidence, field.Objects, field.Invariant);
}
