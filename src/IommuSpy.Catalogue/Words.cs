using System.Collections.Frozen;
using System.Text.Json;

namespace IommuSpy.Catalogue;

/// <summary>The members of an enumeration as JSON and options spell them: "fileCache".</summary>
internal static class Words<TEnum>
    where TEnum : struct, Enum
{
    private static readonly FrozenDictionary<TEnum, string> Names =
        Enum.GetValues<TEnum>().Distinct().ToFrozenDictionary(member => member, member => JsonNamingPolicy.CamelCase.ConvertName(member.ToString()));

    /// <summary>All words, sorted.</summary>
    public static IEnumerable<string> All => Names.Values.Order(StringComparer.Ordinal);

    /// <summary>The word of a member.</summary>
    public static string Of(TEnum member) => Names.TryGetValue(member, out string? name) ? name : member.ToString();

    /// <summary>The member of a word; null where none is spelt so.</summary>
    public static TEnum? Parse(string word) => Names.Where(pair => pair.Value == word).Select(pair => (TEnum?)pair.Key).FirstOrDefault();
}
