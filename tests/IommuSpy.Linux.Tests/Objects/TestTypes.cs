using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Tests.Objects;

/// <summary>Types laid out in code.</summary>
internal sealed class TestTypes : KernelTypes
{
    public static readonly KernelType Word = new IntegerType("unsigned long", 8, IntegerEncoding.Unsigned);
    public static readonly KernelType Half = new IntegerType("unsigned int", 4, IntegerEncoding.Unsigned);
    public static readonly KernelType Pointer = new PointerType(() => VoidType.Instance);
    public static readonly KernelType ListHead = Struct("list_head", 16, ("next", 0, Pointer), ("prev", 8, Pointer));
    public static readonly KernelType TreeNode = Struct("rb_node", 24, ("__rb_parent_color", 0, Word), ("rb_right", 8, Pointer), ("rb_left", 16, Pointer));

    private readonly Dictionary<string, StructType> _structs;

    public TestTypes(params IEnumerable<StructType> structs) => _structs = structs.ToDictionary(type => type.Name);

    public override string Origin => "a test";

    public override IEnumerable<KernelType> Named => _structs.Values;

    public static StructType Struct(string name, ulong bytes, params (string Name, ulong Offset, KernelType Type)[] members) =>
        new(name, bytes, false, () => [.. members.Select(member => new Member(member.Name, member.Offset * 8, 0, () => member.Type))]);

    public static KernelType Text(ulong bytes) => new ArrayType(() => new IntegerType("char", 1, IntegerEncoding.Signed), bytes);

    public override StructType? FindStruct(string tag) => _structs.GetValueOrDefault(tag);

    public override KernelType? Find(string name) => null;

    public override long? FindEnumerator(string name) => null;
}
