namespace IommuSpy.Linux.Inference;

/// <summary>A field that was looked for and is not told by the data: an absence, stated.</summary>
/// <param name="Structure">The structure's tag.</param>
/// <param name="Name">The field's name.</param>
/// <param name="Reason">Why it is not told, in words.</param>
public sealed record RefusedField(string Structure, string Name, string Reason);
