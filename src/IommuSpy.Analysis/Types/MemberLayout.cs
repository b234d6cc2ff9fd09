using IommuSpy.Linux.Types;

namespace IommuSpy.Analysis.Types;

/// <summary>How a structure's members lie in it, and what lies between them.</summary>
/// <param name="Members">The members, with those of anonymous structures and unions below them.</param>
/// <param name="Holes">Places between members that nothing uses; those of nested structures are not counted.</param>
/// <param name="HoleBits">Their bits.</param>
/// <param name="Padding">Bits behind the last member.</param>
internal sealed record MemberLayout(IReadOnlyList<MemberReport> Members, int Holes, ulong HoleBits, ulong Padding)
{
    // Anonymous structures nest a few deep; damaged descriptions nest in themselves, and multiply.
    private const int MaxDepth = 8;
    private const int MaxMembers = 1 << 14;

    public static MemberLayout Of(StructType type)
    {
        int budget = MaxMembers;
        return Of(type, 0, MaxDepth, ref budget);
    }

    private static MemberLayout Of(StructType type, ulong start, int depth, ref int budget)
    {
        List<MemberReport> members = [];
        ulong end = 0;
        int holes = 0;
        ulong holeBits = 0;
        foreach (Member member in type.Members)
        {
            if (--budget < 0)
            {
                break;
            }

            ulong size = member.Type.Bytes;
            ulong bits = member.BitSize > 0 ? (ulong)member.BitSize : size * 8;
            ulong hole = !type.IsUnion && member.BitOffset > end ? member.BitOffset - end : 0;
            holes += hole > 0 ? 1 : 0;
            holeBits += hole;
            end = Math.Max(end, member.BitOffset + bits);

            // The unit of a bit-field is the aligned place of its type that holds its first bit, as compilers and pahole count.
            ulong unit = member.BitSize > 0 && size > 0 ? member.BitOffset / (size * 8) * size : member.BitOffset / 8;
            IReadOnlyList<MemberReport>? inner = depth > 0 && Inline(member.Type) is StructType nested
                ? Of(nested, start + unit, depth - 1, ref budget).Members : null;
            members.Add(new(
                member.Name.Length == 0 ? null : member.Name,
                member.Type.ToString(),
                member.Type.Declare(member.Name),
                new(start + unit),
                size,
                member.BitSize > 0 ? (int)(member.BitOffset - (unit * 8)) : null,
                member.BitSize > 0 ? member.BitSize : null,
                hole,
                inner));
        }

        ulong all = type.Bytes * 8;
        return new(members, holes, holeBits, all > end && !type.IsUnion ? all - end : 0);
    }

    /// <summary>A structure that is written where it is used, since it has no name: itself, or the element of an array of it.</summary>
    private static StructType? Inline(KernelType type)
    {
        for (int i = 0; i < MaxDepth && type is ArrayType array; i++)
        {
            type = array.Element;
        }

        return type is StructType { Name.Length: 0 } holder ? holder : null;
    }
}
