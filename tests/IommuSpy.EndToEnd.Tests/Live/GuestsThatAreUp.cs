namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>Classes of tests that each keep a guest up: one after the other, since two guests on a small machine only slow each other down.</summary>
[CollectionDefinition(Name)]
public static class GuestsThatAreUp
{
    /// <summary>The collection's name.</summary>
    public const string Name = "guests that are up";

    /// <summary>
    /// Trait of the classes on kernels between the oldest and the newest, which a plain run leaves out: each takes minutes. `make test GUESTS=all` runs them.
    /// </summary>
    public const string Trait = "guests";

    /// <summary>That trait's value.</summary>
    public const string More = "more";
}
