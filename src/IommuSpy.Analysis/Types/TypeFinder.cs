using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Types;

namespace IommuSpy.Analysis.Types;

/// <summary>Finds types by what a user calls them: among the kernel's, then each module's own.</summary>
public static class TypeFinder
{
    private static readonly string[] Keywords = ["struct ", "union ", "enum "];

    /// <summary>A type by its name; null where there is none.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="name">"page", "struct page", "enum pageflags", "u32".</param>
    public static (KernelType Type, string Origin)? Find(Machine machine, string name)
    {
        string wanted = name.Trim();
        string keyword = Keywords.FirstOrDefault(keyword => wanted.StartsWith(keyword, StringComparison.Ordinal)) ?? "";
        string bare = wanted[keyword.Length..].Trim();
        foreach (KernelTypes types in Descriptions(machine))
        {
            KernelType? found = keyword switch
            {
                "struct " or "union " => types.FindStruct(bare),
                "enum " => types.Find(bare) as EnumType,
                _ => (KernelType?)types.FindStruct(bare) ?? types.Find(bare),
            };
            if (found is not null)
            {
                return (found, types.Origin);
            }
        }

        return null;
    }

    /// <summary>The value of an enumerator by its name, of the kernel's types or a module's; null where there is none.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="name">"ZONE_NORMAL".</param>
    public static long? FindEnumerator(Machine machine, string name) =>
        Descriptions(machine).Select(types => types.FindEnumerator(name)).FirstOrDefault(found => found is not null);

    /// <summary>Every named type whose name matches, a row each: the kernel's, then each module's own.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="glob">A glob with * and ?.</param>
    public static IEnumerable<(KernelType Type, string Origin)> Match(Machine machine, string glob) =>
        Descriptions(machine).SelectMany(types => types.Matching(glob).Select(type => (type, types.Origin)));

    private static IEnumerable<KernelTypes> Descriptions(Machine machine)
    {
        yield return machine.Parts.Objects.Required.Types;
        foreach (KernelModule module in machine.Parts.Modules.Value?.Modules ?? [])
        {
            if (module.Types is KernelTypes own)
            {
                yield return own;
            }
        }
    }
}
