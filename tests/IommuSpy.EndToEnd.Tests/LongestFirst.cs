using IommuSpy.EndToEnd.Tests;
using IommuSpy.EndToEnd.Tests.Live;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The guests that are up take longer than everything else together, and one at a time: they begin at once, and the rest runs beside them.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(collection => collection.TestCollectionDisplayName == GuestsThatAreUp.Name)];
}
