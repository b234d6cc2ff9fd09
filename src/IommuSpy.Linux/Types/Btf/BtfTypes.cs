using System.Buffers.Binary;

namespace IommuSpy.Linux.Types.Btf;

/// <summary>
/// Types described by BTF, the kernel's own compact form (Documentation/bpf/btf.rst). A module's split BTF continues the numbering and the strings of its base.
/// </summary>
public sealed class BtfTypes : KernelTypes
{
    private const int TypeBytes = 12;
    private const int MemberBytes = 12;
    private const int MaxNameBytes = 1024;

    // struct btf_type.info: until 7.x the count had bits 0-15 and the kind 24-28, and those between were 0.
    private const uint CountMask = 0xff_ffff;
    private const uint KindMask = 0x7f;

    private readonly byte[] _blob;
    private readonly BtfHeader _header;
    private readonly BtfTypes? _base;
    private readonly int _firstId;
    private readonly int _firstString;

    /// <summary>Where each type stands in the blob, by number from <see cref="_firstId"/>.</summary>
    private readonly int[] _places;
    private readonly KernelType?[] _types;
    private readonly Lazy<BtfNameIndex> _structs;
    private readonly Lazy<BtfNameIndex> _others;
    private readonly Lazy<BtfNameIndex> _variables;
    private readonly Lazy<Dictionary<string, long>> _enumerators;

    private BtfTypes(byte[] blob, BtfHeader header, int[] places, string origin, BtfTypes? baseTypes)
    {
        _blob = blob;
        _header = header;
        _places = places;
        _types = new KernelType?[places.Length];
        _base = baseTypes;

        // Number 0 is void and stands in no blob.
        _firstId = baseTypes is null ? 1 : baseTypes._firstId + baseTypes._places.Length;
        _firstString = baseTypes is null ? 0 : baseTypes._firstString + baseTypes._header.StringsLength;
        Origin = origin;
        _structs = new(() => Index(static kind => kind is BtfKind.Struct or BtfKind.Union));
        _others = new(() => Index(static kind => kind is BtfKind.Integer or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Typedef or BtfKind.Float));
        _variables = new(() => Index(static kind => kind is BtfKind.Variable));
        _enumerators = new(IndexEnumerators);
    }

    /// <inheritdoc/>
    public override string Origin { get; }

    /// <inheritdoc/>
    public override IEnumerable<KernelType> Named
    {
        get
        {
            for (int i = 0; i < _places.Length; i++)
            {
                if (KindAt(_places[i]) is BtfKind.Integer or BtfKind.Float or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64
                    or BtfKind.Typedef
                    && Of(_firstId + i) is { Name.Length: > 0 } type)
                {
                    yield return type;
                }
            }
        }
    }

    /// <summary>Reads a blob.</summary>
    /// <param name="blob">All of it; what stands behind its sections is ignored.</param>
    /// <param name="origin">Where it came from, in words.</param>
    /// <param name="baseTypes">Of a module's split BTF, the kernel's; null for a blob that stands alone.</param>
    /// <returns>Null where the bytes are no whole BTF.</returns>
    public static BtfTypes? Read(byte[] blob, string origin, BtfTypes? baseTypes = null)
    {
        if (BtfHeader.Read(blob) is not BtfHeader header || header.TotalLength > blob.Length)
        {
            return null;
        }

        List<int> places = new(header.TypesLength / 24);
        int end = header.TypesAt + header.TypesLength;
        int at = header.TypesAt;
        while (at + TypeBytes <= end)
        {
            places.Add(at);
            uint info = Word(blob, at + 4);
            long extra = ExtraBytes((BtfKind)((info >> 24) & KindMask), info & CountMask, header.LayoutOf(blob, (int)((info >> 24) & KindMask)));
            if (extra < 0 || at + TypeBytes + extra > end)
            {
                return null;
            }

            at += TypeBytes + (int)extra;
        }

        return at == end && places.Count > 0 ? new(blob, header, [.. places], origin, baseTypes) : null;
    }

    /// <summary>
    /// Whether a blob is split: its names and numbers go on from those of a base. The strings of a blob that stands alone begin with the empty one
    /// (kernel/bpf/btf.c, btf_parse_str_sec).
    /// </summary>
    public static bool IsSplit(ReadOnlySpan<byte> blob) =>
        BtfHeader.Read(blob) is BtfHeader header && header.TotalLength <= blob.Length && (header.StringsLength == 0 || blob[header.StringsAt] != 0);

    /// <inheritdoc/>
    public override StructType? FindStruct(string tag) => _structs.Value.Find(tag) is int id ? Of(id) as StructType : _base?.FindStruct(tag);

    /// <inheritdoc/>
    public override StructType? FindStruct(string tag, string path)
    {
        if (base.FindStruct(tag, path) is { } first)
        {
            return first;
        }

        byte[] name = System.Text.Encoding.ASCII.GetBytes(tag);
        for (int i = 0; i < _places.Length; i++)
        {
            if (KindAt(_places[i]) is BtfKind.Struct or BtfKind.Union && NameBytes(Word(_places[i])).SequenceEqual(name)
                && Of(_firstId + i) is StructType other && other.Find(path) is not null)
            {
                return other;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override KernelType? Find(string name) => _others.Value.Find(name) is int id ? Of(id) : _base?.Find(name);

    /// <inheritdoc/>
    public override KernelType? FindVariable(string name) =>
        _variables.Value.Find(name) is int id ? Of(Word(_places[id - _firstId] + 8)) : _base?.FindVariable(name);

    /// <inheritdoc/>
    public override long? FindEnumerator(string name) => _enumerators.Value.TryGetValue(name, out long value) ? value : _base?.FindEnumerator(name);

    /// <summary>Bytes behind the three words that every type has; -1 for a kind that neither is known nor has a layout in the blob.</summary>
    private static long ExtraBytes(BtfKind kind, long count, (int Fixed, int Element)? layout) => kind switch
    {
        BtfKind.Integer or BtfKind.Variable or BtfKind.DeclarationTag => 4,
        BtfKind.Array => 12,
        BtfKind.Struct or BtfKind.Union or BtfKind.DataSection or BtfKind.Enum64 => 12 * count,
        BtfKind.Enum or BtfKind.FunctionPrototype => 8 * count,
        BtfKind.Pointer or BtfKind.Forward or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
            or BtfKind.Function or BtfKind.Float or BtfKind.TypeTag => 0,
        _ => layout is (int first, int element) ? first + (element * count) : -1,
    };

    private static uint Word(ReadOnlySpan<byte> blob, int at) => BinaryPrimitives.ReadUInt32LittleEndian(blob[at..]);

    private uint Word(int at) => Word(_blob, at);

    private BtfKind KindAt(int at) => (BtfKind)((Word(at + 4) >> 24) & KindMask);

    private int CountAt(int at) => (int)(Word(at + 4) & CountMask);

    private bool FlagAt(int at) => (Word(at + 4) & 0x8000_0000) != 0;

    // A split blob's types may be named by its base's strings, so the bytes of a name are asked of whoever has them.
    private BtfNameIndex Index(Func<BtfKind, bool> wanted)
    {
        BtfNameIndex index = new(NameBytes);
        for (int i = 0; i < _places.Length; i++)
        {
            uint name = Word(_places[i]);
            if (name != 0 && wanted(KindAt(_places[i])))
            {
                index.Add(name, _firstId + i);
            }
        }

        return index;
    }

    private Dictionary<string, long> IndexEnumerators()
    {
        Dictionary<string, long> index = new(StringComparer.Ordinal);
        for (int i = 0; i < _places.Length; i++)
        {
            if (Of(_firstId + i, KindAt(_places[i]) is BtfKind.Enum or BtfKind.Enum64) is EnumType type)
            {
                foreach (Enumerator value in type.Values)
                {
                    index.TryAdd(value.Name, value.Value);
                }
            }
        }

        return index;
    }

    private KernelType? Of(int id, bool wanted) => wanted ? Of(id) : null;

    private KernelType Of(int id)
    {
        if (id < _firstId)
        {
            return _base is null || id == 0 ? VoidType.Instance : _base.Of(id);
        }

        int i = id - _firstId;
        return i < _places.Length ? _types[i] ??= Build(_places[i]) : VoidType.Instance;
    }

    // Numbers are unsigned in the blob; one past 2^31 is past every table too.
    private KernelType Of(uint id) => Of((int)Math.Min(id, int.MaxValue));

    private KernelType Build(int at)
    {
        string name = Text(Word(at));
        uint sizeOrType = Word(at + 8);
        int extra = at + TypeBytes;
        switch (KindAt(at))
        {
            case BtfKind.Integer:
                return new IntegerType(name, (int)Math.Min(sizeOrType, 64), Encoding(Word(extra)));
            case BtfKind.Float:
                return new IntegerType(name, (int)Math.Min(sizeOrType, 64), IntegerEncoding.FloatingPoint);
            case BtfKind.Pointer:
                return new PointerType(() => Of(sizeOrType));
            case BtfKind.Array:
                uint element = Word(extra);
                return new ArrayType(() => Of(element), Word(extra + 8));
            case BtfKind.Struct or BtfKind.Union:
                return new StructType(name, sizeOrType, KindAt(at) == BtfKind.Union, () => Members(at));
            case BtfKind.Enum:
                return new EnumType(name, (int)Math.Min(sizeOrType, 8), IsSignedEnum(at), () => Values(at));
            case BtfKind.Enum64:
                return new EnumType(name, 8, FlagAt(at), () => Values64(at));
            case BtfKind.Forward:
                return new DeclaredType(name, FlagAt(at));
            case BtfKind.Typedef:
                return new TypedefType(name, () => Of(sizeOrType));
            case BtfKind.Volatile:
                return new QualifiedType("volatile", () => Of(sizeOrType));
            case BtfKind.Const:
                return new QualifiedType("const", () => Of(sizeOrType));
            case BtfKind.Restrict:
                return new QualifiedType("restrict", () => Of(sizeOrType));
            case BtfKind.TypeTag:
                // What sparse's attributes say in the source: __user, __rcu, __percpu.
                return new QualifiedType("__" + name, () => Of(sizeOrType));
            case BtfKind.FunctionPrototype:
                return new FunctionType(() => Of(sizeOrType), () => Parameters(at));
            default:
                return VoidType.Instance;
        }
    }

    private static IntegerEncoding Encoding(uint data) => ((data >> 24) & 0xf) switch
    {
        1 => IntegerEncoding.Signed,
        2 or 3 => IntegerEncoding.Character,
        4 => IntegerEncoding.Boolean,
        _ => IntegerEncoding.Unsigned,
    };

    private Member[] Members(int at)
    {
        Member[] members = new Member[CountAt(at)];
        for (int i = 0; i < members.Length; i++)
        {
            int place = at + TypeBytes + (i * MemberBytes);
            uint type = Word(place + 4);
            uint offset = Word(place + 8);

            // With the flag, the top byte of the offset is a bit-field's size; without it, a bit-field's size stands in its integer type, which has fewer bits
            // than bytes.
            (ulong bits, int size) = FlagAt(at) ? (offset & 0xff_ffff, (int)(offset >> 24)) : OldBitField(type, offset);
            members[i] = new(Text(Word(place)), bits, size <= 64 ? size : 0, () => Of(type));
        }

        return members;
    }

    private (ulong BitOffset, int BitSize) OldBitField(uint type, uint offset)
    {
        int id = (int)Math.Min(type, int.MaxValue);
        if (PlaceOf(id) is not (BtfTypes owner, int place) || owner.KindAt(place) != BtfKind.Integer)
        {
            return (offset, 0);
        }

        uint data = owner.Word(place + TypeBytes);
        uint bits = data & 0xff;
        return bits == owner.Word(place + 8) * 8 ? (offset, 0) : (offset + ((data >> 16) & 0xff), (int)bits);
    }

    private (BtfTypes Owner, int Place)? PlaceOf(int id) =>
        id < _firstId ? _base?.PlaceOf(id) : id - _firstId < _places.Length ? (this, _places[id - _firstId]) : null;

    // Before the flag was given a meaning for enumerations (6.0), kernels wrote it as 0 for all: negative values tell.
    private bool IsSignedEnum(int at)
    {
        bool signed = FlagAt(at);
        for (int i = 0; i < CountAt(at) && !signed; i++)
        {
            signed = (int)Word(at + TypeBytes + (i * 8) + 4) < 0;
        }

        return signed;
    }

    private Enumerator[] Values(int at)
    {
        Enumerator[] values = new Enumerator[CountAt(at)];
        bool signed = IsSignedEnum(at);
        for (int i = 0; i < values.Length; i++)
        {
            int place = at + TypeBytes + (i * 8);
            uint value = Word(place + 4);
            values[i] = new(Text(Word(place)), signed ? (int)value : value);
        }

        return values;
    }

    private Enumerator[] Values64(int at)
    {
        Enumerator[] values = new Enumerator[CountAt(at)];
        for (int i = 0; i < values.Length; i++)
        {
            int place = at + TypeBytes + (i * 12);
            values[i] = new(Text(Word(place)), (long)(Word(place + 4) | ((ulong)Word(place + 8) << 32)));
        }

        return values;
    }

    private KernelType[] Parameters(int at)
    {
        KernelType[] parameters = new KernelType[CountAt(at)];
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] = Of(Word(at + TypeBytes + (i * 8) + 4));
        }

        return parameters;
    }

    private string Text(uint offset) => System.Text.Encoding.ASCII.GetString(NameBytes(offset));

    private ReadOnlySpan<byte> NameBytes(uint offset)
    {
        if (offset < _firstString)
        {
            return _base is null ? [] : _base.NameBytes(offset);
        }

        long start = offset - _firstString;
        if (start >= _header.StringsLength)
        {
            return [];
        }

        ReadOnlySpan<byte> rest = _blob.AsSpan(_header.StringsAt + (int)start, (int)Math.Min(_header.StringsLength - start, MaxNameBytes));
        int end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }
}
