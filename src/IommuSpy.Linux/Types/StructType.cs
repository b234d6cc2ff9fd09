namespace IommuSpy.Linux.Types;

/// <summary>A structure or a union.</summary>
/// <param name="name">Its tag; empty for one without.</param>
/// <param name="bytes">sizeof.</param>
/// <param name="isUnion">Whether its members lie over one another.</param>
/// <param name="members">Looks up its members.</param>
public sealed class StructType(string name, ulong bytes, bool isUnion, Func<IReadOnlyList<Member>> members) : KernelType(name)
{
    // More than any structure has in it; what nests so deep that each has another would run out of stack.
    private const int MostAsked = 512;

    private IReadOnlyList<Member>? _members;

    /// <summary>Whether its members lie over one another.</summary>
    public bool IsUnion { get; } = isUnion;

    /// <summary>Its members, in order of declaration.</summary>
    public IReadOnlyList<Member> Members => _members ??= members();

    /// <summary>
    /// A field by its path: "mm", "thread_info.flags". A member of an anonymous structure or union is found as C finds it, without naming that.
    /// Of several paths the first that exists is taken: a field's name in this kernel, then its older names.
    /// </summary>
    /// <returns>Null where this structure has none of them: a stated absence.</returns>
    public Field? Find(params ReadOnlySpan<string> paths)
    {
        foreach (string path in paths)
        {
            if (FindPath(path) is Field field)
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>A field that every kernel that is served has; see <see cref="Find"/>.</summary>
    /// <exception cref="MissingTypeException">This structure has none of that name.</exception>
    public Field Field(params ReadOnlySpan<string> paths) =>
        Find(paths) ?? throw new MissingTypeException($"this kernel's struct {Name} has no {string.Join(" or ", paths)}");

    internal override ulong BytesWithin(int depth) => bytes;

    internal override string DeclareWithin(string declared, int depth)
    {
        string keyword = IsUnion ? "union" : "struct";
        return Named(Name.Length == 0 ? keyword + " {...}" : $"{keyword} {Name}", declared);
    }

    private Field? FindPath(string path)
    {
        StructType holder = this;
        ulong offset = 0;
        string[] names = path.Split('.');
        for (int i = 0; i < names.Length; i++)
        {
            if (holder.FindMember(names[i], []) is not (Member member, ulong bits))
            {
                return null;
            }

            offset += bits;
            if (i == names.Length - 1)
            {
                return new(offset / 8, (int)(offset % 8), member.BitSize, member.Type);
            }

            if (member.Type.Resolved is not StructType next)
            {
                return null;
            }

            holder = next;
        }

        return null;
    }

    /// <summary>A member by its name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="asked">Which structures have been asked: anonymous members nest, and those of damaged descriptions in themselves.</param>
    private (Member Member, ulong BitOffset)? FindMember(string name, HashSet<StructType> asked)
    {
        asked.Add(this);
        foreach (Member member in Members)
        {
            if (member.Name == name)
            {
                return (member, member.BitOffset);
            }

            if (member.Name.Length == 0 && member.Type.Resolved is StructType inner && asked.Count < MostAsked && !asked.Contains(inner)
                && inner.FindMember(name, asked) is (Member found, ulong bits))
            {
                return (found, member.BitOffset + bits);
            }
        }

        return null;
    }
}
