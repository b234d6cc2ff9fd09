namespace IommuSpy.Catalogue;

/// <summary>The names of JSON, together.</summary>
internal static class JsonNames
{
    /// <summary>
    /// Every document begins with it. It counts up when a name goes or changes its meaning, not when one is added; docs/json.md says what changed.
    /// </summary>
    public const int Version = 2;
}
