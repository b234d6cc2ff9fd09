using System.Globalization;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Types;

namespace IommuSpy.Analysis.Types;

/// <summary>A type of the kernel's.</summary>
/// <param name="Name">Its name, without struct, union or enum.</param>
/// <param name="Kind">"struct", "union", "enum", "typedef" or "number".</param>
/// <param name="Bytes">sizeof, in bytes; 0 for what is only declared.</param>
/// <param name="Target">Of a typedef, what it stands for; of a number, how its bits are read.</param>
/// <param name="Members">Of a structure or union, its members in order of declaration.</param>
/// <param name="Holes">Of a structure, places between members that nothing uses.</param>
/// <param name="HoleBits">Their bits, all together.</param>
/// <param name="Padding">Of a structure, bits behind the last member.</param>
/// <param name="Values">Of an enumeration, its values.</param>
/// <param name="Origin">What describes it.</param>
public sealed record TypeReport(
    string Name,
    string Kind,
    ulong Bytes,
    string? Target,
    IReadOnlyList<MemberReport>? Members,
    int Holes,
    ulong HoleBits,
    ulong Padding,
    IReadOnlyList<EnumeratorReport>? Values,
    string Origin)
{
    /// <summary>
    /// Of a structure whose fields were inferred from the data, what pins each down; null for a structure that is described. What lies between such fields is
    /// not known to be unused.
    /// </summary>
    public IReadOnlyList<InferredFieldReport>? Evidence { get; init; }

    /// <summary>Of such a structure, the fields that were looked for and refused, and why.</summary>
    public IReadOnlyList<RefusedField>? Refusals { get; init; }

    /// <summary>Describes a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="origin">What describes it.</param>
    /// <param name="types">The description that it is of, for what it says of inferred fields; null where that does not matter.</param>
    public static TypeReport Of(KernelType type, string origin, KernelTypes? types = null) => types is InferredTypes inferred && type is StructType
        ? Describe(type, origin) with
        {
            Evidence = [.. inferred.Evidence.Where(field => field.Structure == type.Name).Select(InferredFieldReport.Of)],
            Refusals = [.. inferred.Refusals.Where(field => field.Structure == type.Name)],
        }
        : Describe(type, origin);

    private static TypeReport Describe(KernelType type, string origin)
    {
        switch (type)
        {
            case StructType holder:
                MemberLayout layout = MemberLayout.Of(holder);
                return new(type.Name, KindOf(type), type.Bytes, null, layout.Members, layout.Holes, layout.HoleBits, layout.Padding, null, origin);
            case EnumType values:
                return new(type.Name, KindOf(type), type.Bytes, null, null, 0, 0, 0,
                    [.. values.Values.Select(value => new EnumeratorReport(value.Name, Text(value, values)))], origin);
            case TypedefType alias:
                return new(type.Name, KindOf(type), type.Bytes, alias.Target.ToString(), null, 0, 0, 0, null, origin);
            case IntegerType number:
                return new(type.Name, KindOf(type), type.Bytes, number.Encoding.ToString().ToLowerInvariant(), null, 0, 0, 0, null, origin);
            default:
                return new(type.Name, KindOf(type), type.Bytes, type.ToString(), null, 0, 0, 0, null, origin);
        }
    }

    /// <summary>The word for a kind of type.</summary>
    public static string KindOf(KernelType type) => type switch
    {
        StructType { IsUnion: true } => "union",
        StructType => "struct",
        EnumType => "enum",
        TypedefType => "typedef",
        IntegerType => "number",
        _ => "type",
    };

    private static string Text(Enumerator value, EnumType type) =>
        type.IsSigned ? value.Value.ToString(CultureInfo.InvariantCulture) : ((ulong)value.Value).ToString(CultureInfo.InvariantCulture);
}
