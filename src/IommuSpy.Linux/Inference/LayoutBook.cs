using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference;

/// <summary>Collects what is inferred, and makes types of it in the end.</summary>
internal sealed class LayoutBook
{
    /// <summary>unsigned long, and what else of 8 bytes has no better name.</summary>
    public static readonly KernelType UnsignedLong = new IntegerType("unsigned long", 8, IntegerEncoding.Unsigned);

    /// <summary>long.</summary>
    public static readonly KernelType Long = new IntegerType("long", 8, IntegerEncoding.Signed);

    /// <summary>unsigned int.</summary>
    public static readonly KernelType UnsignedInt = new IntegerType("unsigned int", 4, IntegerEncoding.Unsigned);

    /// <summary>int.</summary>
    public static readonly KernelType Int = new IntegerType("int", 4, IntegerEncoding.Signed);

    /// <summary>unsigned short.</summary>
    public static readonly KernelType UnsignedShort = new IntegerType("unsigned short", 2, IntegerEncoding.Unsigned);

    /// <summary>short.</summary>
    public static readonly KernelType Short = new IntegerType("short", 2, IntegerEncoding.Signed);

    /// <summary>signed char.</summary>
    public static readonly KernelType SignedChar = new IntegerType("signed char", 1, IntegerEncoding.Signed);

    /// <summary>unsigned char.</summary>
    public static readonly KernelType UnsignedChar = new IntegerType("unsigned char", 1, IntegerEncoding.Unsigned);

    /// <summary>char.</summary>
    public static readonly KernelType Char = new IntegerType("char", 1, IntegerEncoding.Character);

    /// <summary>void *.</summary>
    public static readonly KernelType Pointer = new PointerType(() => VoidType.Instance);

    /// <summary>const char *.</summary>
    public static readonly KernelType Text = new PointerType(() => new QualifiedType("const", () => Char));

    private readonly Dictionary<string, SortedList<ulong, Member>> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _sizes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StructType> _structs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _enumerators = new(StringComparer.Ordinal);
    private readonly List<KernelType> _enums = [];
    private readonly List<(string Tag, Member Member)> _over = [];
    private readonly List<InferredField> _evidence = [];
    private readonly List<RefusedField> _refusals = [];

    /// <summary>How many fields were refused.</summary>
    public int Refusals => _refusals.Count;

    /// <summary>An array of characters.</summary>
    public static KernelType Characters(int count) => new ArrayType(() => Char, (ulong)count);

    /// <summary>A pointer to a structure, whether or not a field of it is ever found.</summary>
    public KernelType PointerTo(string tag) => new PointerType(() => Struct(tag));

    /// <summary>A structure inside another, of which a field was added before; one of which none was is only named.</summary>
    public KernelType Struct(string tag) => _structs.TryGetValue(tag, out StructType? known) ? known : new DeclaredType(tag, isUnion: false);

    /// <summary>Adds a field that was pinned down.</summary>
    public void Add(string tag, string name, int offset, KernelType type, int objects, string invariant,
        InferenceConfidence confidence = InferenceConfidence.Unique)
    {
        Declare(tag, name, offset, type);
        _evidence.Add(new(tag, name, (ulong)offset, confidence, objects, invariant));
    }

    /// <summary>Adds a field that lies over another.</summary>
    public void Over(string tag, string name, int offset, KernelType type, int objects, string invariant)
    {
        _over.Add((tag, new(name, (ulong)offset * 8, 0, () => type)));
        _evidence.Add(new(tag, name, (ulong)offset, InferenceConfidence.Confirmed, objects, invariant));
    }

    /// <summary>Adds a field that every kernel lays out in the same way, with no evidence of its own: what holds it is proven by those who follow it.</summary>
    public void Declare(string tag, string name, int offset, KernelType type)
    {
        if (!_members.TryGetValue(tag, out SortedList<ulong, Member>? members))
        {
            _members[tag] = members = [];
            _structs[tag] = new(tag, _sizes.GetValueOrDefault(tag), isUnion: false,
                () => [.. members.Values.Concat(_over.Where(over => over.Tag == tag).Select(over => over.Member)).OrderBy(member => member.BitOffset)]);
        }

        // What lies at the same place is a union: lru and compound_head of struct page.
        Member member = new(name, (ulong)offset * 8, 0, () => type);
        if (!members.TryAdd((ulong)offset, member) && members[(ulong)offset].Name != name)
        {
            _over.Add((tag, member));
        }
    }

    /// <summary>Adds a bit-field, in an unsigned int.</summary>
    public void Bits(string tag, string name, int bitOffset, int bits) => _over.Add((tag, new(name, (ulong)bitOffset, bits, () => UnsignedInt)));

    /// <summary>Says how large a structure is. Before its first field.</summary>
    public void Size(string tag, ulong bytes) => _sizes[tag] = bytes;

    /// <summary>Adds an enumerator of an enumeration that is not known as a whole.</summary>
    public void Enumerator(string name, long value) => _enumerators[name] = value;

    /// <summary>Adds an enumeration that is known as a whole.</summary>
    public void Enumeration(string name, IReadOnlyList<Enumerator> values)
    {
        foreach (Enumerator value in values)
        {
            _enumerators[value.Name] = value.Value;
        }

        _enums.Add(new EnumType(name, sizeof(uint), isSigned: false, () => values));
    }

    /// <summary>States that a field is not told.</summary>
    public void Refuse(string tag, string name, string reason) => _refusals.Add(new(tag, name, reason));

    /// <summary>The types.</summary>
    public InferredTypes Close()
    {
        Dictionary<string, KernelType> others =
            new[] { UnsignedLong, Long, UnsignedInt, Int, UnsignedShort, Short, UnsignedChar, SignedChar, Char }.Concat(_enums)
                .ToDictionary(type => type.Name, StringComparer.Ordinal);
        return new(_structs, others, _enumerators, _evidence, _refusals);
    }
}
