namespace IommuSpy.Linux.Inference;

/// <summary>The result of a step on which no other builds: its fields are all that comes of it.</summary>
internal sealed class FieldsOnly
{
    /// <summary>They were found, or each was refused.</summary>
    public static readonly FieldsOnly Done = new();

    private FieldsOnly()
    {
    }
}
