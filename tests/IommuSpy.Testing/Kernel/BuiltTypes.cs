using IommuSpy.Linux.Types;

namespace IommuSpy.Testing.Kernel;

/// <summary>A description of types, written in code.</summary>
public sealed class BuiltTypes : KernelTypes
{
    private readonly Dictionary<string, StructType> _structs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EnumType> _enums = new(StringComparer.Ordinal);

    /// <summary>A word of 8 bytes.</summary>
    public static KernelType Word { get; } = new IntegerType("unsigned long", 8, IntegerEncoding.Unsigned);

    /// <summary>A number of 4 bytes.</summary>
    public static KernelType Int { get; } = new IntegerType("unsigned int", 4, IntegerEncoding.Unsigned);

    /// <summary>A list_head.</summary>
    public static KernelType List { get; } = new StructType(
        "list_head", 16, false, () => [new Member("next", 0, 0, () => Word), new Member("prev", 64, 0, () => Word)]);

    public override string Origin => "built";

    public override IEnumerable<KernelType> Named => _structs.Values;

    /// <summary>Adds a structure.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="bytes">sizeof.</param>
    /// <param name="fields">Its fields: name, offset in bytes, type. They may lie over one another.</param>
    public BuiltTypes Struct(string tag, ulong bytes, params (string Name, ulong Offset, KernelType Type)[] fields)
    {
        Member[] members = [.. fields.Select(field => new Member(field.Name, field.Offset * 8, 0, () => field.Type))];
        _structs[tag] = new(tag, bytes, isUnion: false, () => members);
        return this;
    }

    /// <summary>Adds a bit-field of an unsigned int to a structure.</summary>
    public BuiltTypes Bits(string tag, string name, ulong firstBit, int bits)
    {
        StructType old = _structs[tag];
        Member[] members = [.. old.Members, new Member(name, firstBit, bits, () => Int)];
        _structs[tag] = new(tag, old.Bytes, isUnion: false, () => members);
        return this;
    }

    /// <summary>Adds an enumeration.</summary>
    public BuiltTypes Enum(string tag, params (string Name, long Value)[] values)
    {
        Enumerator[] all = [.. values.Select(value => new Enumerator(value.Name, value.Value))];
        _enums[tag] = new(tag, 4, isSigned: false, () => all);
        return this;
    }

    public override StructType? FindStruct(string tag) => _structs.GetValueOrDefault(tag);

    public override KernelType? Find(string name) => _enums.GetValueOrDefault(name);

    public override long? FindEnumerator(string name) =>
        _enums.Values.SelectMany(type => type.Values).Where(value => value.Name == name).Select(value => (long?)value.Value).FirstOrDefault();
}
