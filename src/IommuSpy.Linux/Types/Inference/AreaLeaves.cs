using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>Pages that areas have, by the tables: some at both ends of each, so that machines with much memory take no longer.</summary>
internal static class AreaLeaves
{
    private const int AreaSample = 2048;
    private const ulong PageSample = 8;

    /// <summary>The sample, in the order of the areas.</summary>
    public static IEnumerable<AreaLeaf> Of(InferenceState state)
    {
        int start = state.At("vm_area_struct", "vm_start");
        int end = state.At("vm_area_struct", "vm_end");
        int pgd = state.At("mm_struct", "pgd");
        ulong direct = state.Kernel.Facts.PageOffsetBase!.Value.Value;
        int step = Math.Max(1, state.Areas.Values.Sum(areas => areas.Count) / AreaSample);
        int number = 0;
        foreach ((ulong map, List<ulong> areas) in state.Areas)
        {
            AddressSpace space = state.Kernel.SpaceOf(new(state.Read(map, pgd) - direct));
            foreach (ulong area in areas)
            {
                if (number++ % step != 0)
                {
                    continue;
                }

                ulong first = state.Read(area, start);
                ulong pages = (state.Read(area, end) - first) / PageFrame.Size;
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
