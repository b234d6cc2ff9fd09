using System.Globalization;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Linux.Slab.SlabCache>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The slab caches.</summary>
internal sealed class SlabTable() : Table<SlabCache>(
    "slab",
    "The slab caches as /proc/slabinfo has them.",
    Its.Text("name", "The cache's name.", row => row.Name),
    Its.Address("object", "Where its kmem_cache is.", row => row.Address.Value),
    Its.Bytes("objectBytes", "What its users ask for.", row => row.ObjectSize),
    Its.Bytes("strideBytes", "From one object to the next.", row => row.Size),
    Its.Number("objectsPerSlab", "Objects of a slab.", row => (ulong)row.ObjectsPerSlab),
    Its.Number("pagesPerSlab", "Pages of a slab.", row => 1UL << row.Order, "pages"),
    Its.Number("activeObjects", "Objects that are allocated, as slabinfo counts them.", row => row.ActiveObjects),
    Its.Number("objects", "Objects there is room for.", row => row.Objects),
    Its.Number("slabs", "Slabs.", row => row.Slabs),
    Its.Number("partialSlabs", "Slabs on the lists of those that are not full.", row => row.PartialSlabs),
    Its.Text("damage", "What contradicts itself; null where nothing does.", row => row.Damage))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<SlabCache> receive)
    {
        SlabAllocator slabs = question.Machine.Parts.Slabs.Required;
        foreach (SlabCache cache in slabs.Caches)
        {
            receive(cache);
        }

        question.Tell(slabs.Caches.Where(cache => cache.Damage is not null).Select(cache => $"{cache.Name}: {cache.Damage}")
            .Prepend(slabs.Damage).OfType<string>());
    }

    /// <inheritdoc/>
    public override RowWriter<SlabCache> Text(TextForm form, Question question) => new AlignedText<SlabCache>(form,
    [
        new("object", row => $"{row.ObjectSize}", Right: true),
        new("stride", row => $"{row.Size}", Right: true),
        new("per slab", row => $"{row.ObjectsPerSlab}", Right: true),
        new("slab", row => Size.Text(SlabBytes(row)), Right: true),
        new("active", row => Number(row.ActiveObjects), Right: true),
        new("objects", row => Number(row.Objects), Right: true),
        new("slabs", row => Number(row.Slabs), Right: true),
        new("partial", row => $"{row.PartialSlabs}", Right: true),
        new("memory", row => row.Slabs is ulong count ? Size.Text(count * SlabBytes(row)) : "-", Right: true),
        new("cache", row => row.Name),
    ]);

    private static ulong SlabBytes(SlabCache cache) => (ulong)PageFrame.Size << cache.Order;

    private static string Number(ulong? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
