using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>Pages that areas have, by the tables: some at both ends of each, so that machines with much memory take no longer.</summary>
internal static class AreaLeaves
{
    private const int AreaSample = 2048;
    private const ulong PageSample = 8;

    /// <summary>The sample, in the order of the areas.</summary>
    public static IEnumerable<AreaLeaf> Of(InferenceContext context, ProcessAreas areas)
    {
        ulong direct = context.Kernel.Facts.PageOffsetBase!.Value.Value;
        int step = Math.Max(1, areas.All.Count / AreaSample);
        int number = 0;
        foreach ((ulong map, List<ulong> its) in areas.Of)
        {
            AddressSpace space = context.Kernel.SpaceOf(new(context.Read(map, areas.Maps.RootAt) - direct));
            foreach (ulong area in its)
            {
                if (number++ % step != 0)
                {
                    continue;
                }

                ulong first = context.Read(area, areas.StartAt);
                ulong pages = (context.Read(area, areas.EndAt) - first) / PageFrame.Size;
                for (ulong page = 0; page < pages; page = page + 1 == PageSample && pages > 2 * PageSample ? pages - PageSample : page + 1)
                {
                    AddressTranslation translation = space.Translate(new(first + (page * PageFrame.Size)));
                    if (translation is { Outcome: TranslationOutcome.Mapped, Physical: PhysicalAddress physical, Last: { } last })
                    {
                        yield return new(area, page, last.Entry, last.Level, physical.Frame);
                    }
                }
            }
        }
    }
}
