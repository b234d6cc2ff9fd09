using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Testing.Types;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>BTF blobs written word by word, after the format's documentation.</summary>
public class BtfTypesTests
{
    [Fact]
    public void Every_kind_is_read_and_declared_as_C_writes_it()
    {
        BtfBuilder blob = new();
        uint integer = blob.Integer("int", 4, encoding: 1);
        uint character = blob.Integer("char", 1, encoding: 2);
        uint floating = blob.Add("double", 16, 0, false, 8);
        uint device = blob.Forward("device");
        uint choice = blob.Forward("choice", isUnion: true);
        uint constant = blob.Reference(10, character);
        uint text = blob.Reference(2, constant);
        uint fixedText = blob.Reference(10, text);
        uint row = blob.Array(integer, 3);
        uint grid = blob.Array(row, 2);
        uint pointerToGrid = blob.Reference(2, grid);
        uint devicePointer = blob.Reference(2, device);
        uint choicePointer = blob.Reference(2, choice);
        uint handler = blob.Reference(2, blob.Prototype(integer, devicePointer, text, 0));
        uint number = blob.Reference(8, integer, "number_t");
        uint unsteady = blob.Reference(9, number);
        uint only = blob.Reference(2, integer);
        uint restricted = blob.Reference(11, only);
        uint tagged = blob.Reference(18, integer, "user");
        uint color = blob.Enum("color", [("RED", 0), ("GREEN", 7)]);
        uint wide = blob.Enum64("wide", [("LOW", 1), ("HIGH", 0xffff_ffff_0000_0001)]);
        uint signed = blob.Enum("signed_one", [("MINUS", -2)]);
        uint flexible = blob.Array(character, 0);
        uint function = blob.Reference(12, handler, "a_function");
        blob.Add("a_variable", 14, 0, false, integer, 0);
        blob.Add(".data", 15, 1, false, 4, 1, 0, 4);
        blob.Add("tag", 17, 0, false, function, 0xffff_ffff);
        uint union = blob.Struct("", 8, [new("a", integer, 0), new("d", floating, 0)], kind: 5);
        blob.Struct("all", 256,
        [
            new("name", text, 0), new("fixed", fixedText, 64), new("grid", grid, 128), new("where", pointerToGrid, 320), new("handler", handler, 384),
            new("count", unsteady, 448), new("alone", restricted, 512), new("tagged", tagged, 576), new("color", color, 608), new("wide", wide, 640),
            new("signed_one", signed, 704), new("", union, 768), new("choice", choicePointer, 832), new("tail", flexible, 2048),
        ]);
        BtfTypes types = Read(blob);

        StructType all = types.Struct("all");
        Assert.Equal(256UL, all.Bytes);
        Assert.Equal(
        [
            "const char *name", "const char *const fixed", "int grid[2][3]", "int (*where)[2][3]", "int (*handler)(struct device *, const char *, ...)",
            "volatile number_t count", "int *restrict alone", "__user int tagged", "enum color color", "enum wide wide", "enum signed_one signed_one",
            "union {...}", "union choice *choice", "char tail[]",
        ],
        all.Members.Select(member => member.Type.Declare(member.Name).Replace("  ", " ", StringComparison.Ordinal).TrimStart()));
        Assert.Equal([8UL, 8, 24, 8, 8, 4, 8, 4, 4, 8, 4, 8, 8, 0], all.Members.Select(member => member.Type.Bytes));
        Assert.Equal((96UL, 96UL), (all.Field("a").Offset, all.Field("d").Offset));
        Assert.Null(all.Find("nothing"));
        Assert.Equal(4UL, types.Find("number_t")!.Bytes);
        Assert.Equal(IntegerEncoding.FloatingPoint, Assert.IsType<IntegerType>(types.Find("double")).Encoding);
        Assert.Equal(-2, types.FindEnumerator("MINUS"));
        Assert.Equal(7, types.FindEnumerator("GREEN"));
        Assert.Equal(unchecked((long)0xffff_ffff_0000_0001), types.FindEnumerator("HIGH"));
        Assert.Null(types.FindEnumerator("BLUE"));
        Assert.False(Assert.IsType<EnumType>(types.Find("wide")).IsSigned);
        Assert.True(Assert.IsType<EnumType>(types.Find("signed_one")).IsSigned);
        Assert.Equal(["int", "char", "double", "number_t", "color", "wide", "signed_one", "all"], types.Named.Select(type => type.Name));
        Assert.Equal(["color", "all"], types.Matching("*ol*").Concat(types.Matching("al?")).Select(type => type.Name));
    }

    [Fact]
    public void Bit_fields_are_found_by_the_flag_and_in_the_old_form()
    {
        BtfBuilder blob = new();
        uint unsigned = blob.Integer("unsigned int", 4);
        uint three = blob.Integer("unsigned int", 4, bits: 3);
        uint shifted = blob.Integer("unsigned int", 4, bits: 5, bitOffset: 2);
        blob.Struct("flagged", 8, [new("whole", unsigned, 0), new("one", unsigned, 32, 1), new("seven", unsigned, 33, 7)]);
        blob.Struct("old", 8, [new("whole", unsigned, 0), new("three", three, 32), new("five", shifted, 35)]);
        BtfTypes types = Read(blob);

        static (ulong, int, int) Place(Field field) => (field.Offset, field.BitOffset, field.BitSize);
        Assert.Equal((0UL, 0, 0), Place(types.Struct("flagged").Field("whole")));
        Assert.Equal((4UL, 0, 1), Place(types.Struct("flagged").Field("one")));
        Assert.Equal((4UL, 1, 7), Place(types.Struct("flagged").Field("seven")));
        Assert.Equal((0UL, 0, 0), Place(types.Struct("old").Field("whole")));
        Assert.Equal((4UL, 0, 3), Place(types.Struct("old").Field("three")));
        Assert.Equal((4UL, 5, 5), Place(types.Struct("old").Field("five")));
    }

    [Fact]
    public void A_split_blob_goes_on_from_its_base()
    {
        BtfBuilder kernel = new();
        uint integer = kernel.Integer("int", 4, encoding: 1);
        kernel.Struct("shared", 4, [new("value", integer, 0)]);
        BtfBuilder module = new(kernel);
        uint shared = 2;
        uint pointer = module.Reference(2, shared);
        module.Struct("own", 16, [new("shared", pointer, 0), new("count", integer, 64)]);
        module.Enum("state", [("OWN_STATE", 3)]);

        Assert.False(BtfTypes.IsSplit(kernel.Build()));
        Assert.True(BtfTypes.IsSplit(module.Build()));
        BtfTypes types = BtfTypes.Read(module.Build(), "module", Read(kernel))!;
        Assert.Equal(["struct shared *shared", "int count"], types.Struct("own").Members.Select(member => member.Type.Declare(member.Name)));
        Assert.Equal(4UL, types.Struct("shared").Bytes);
        Assert.Equal("int", types.Find("int")!.Name);
        Assert.Equal(3, types.FindEnumerator("OWN_STATE"));
        Assert.Equal(["own", "state"], types.Named.Select(type => type.Name));
        Assert.Equal(0UL, types.Struct("own").Find("shared.value")?.Offset ?? 0);
        Assert.Null(types.Struct("own").Find("shared.value"));
    }

    [Fact]
    public void The_first_of_several_types_of_a_name_is_found_however_many_there_are()
    {
        BtfBuilder blob = new();
        for (uint i = 0; i < 20_000; i++)
        {
            blob.Struct($"s{i}", i, []);
        }

        blob.Struct("s5", 99_999, []);
        BtfTypes types = Read(blob);
        for (uint i = 0; i < 20_000; i++)
        {
            Assert.Equal(i, types.Struct($"s{i}").Bytes);
        }

        Assert.Null(types.FindStruct("s20000"));
        Assert.Null(types.FindStruct(""));
        Assert.Null(types.Find("s5"));
    }

    [Fact]
    public void A_kind_that_nobody_knows_is_stepped_over_where_the_blob_says_how_large_it_is()
    {
        BtfBuilder blob = new();
        blob.Integer("int", 4);
        blob.Add("future", 40, 2, false, 0, 11, 12, 13, 14, 15);
        blob.Struct("after", 24, []);
        Assert.Null(BtfTypes.Read(blob.Build(), "no layout"));
        blob.Layout(40, fixedBytes: 4, elementBytes: 8);
        Assert.Equal(24UL, Read(blob).Struct("after").Bytes);
    }

    [Fact]
    public void Types_that_go_round_in_circles_end()
    {
        BtfBuilder blob = new();
        blob.Reference(8, 2, "first_t");
        blob.Reference(8, 1, "second_t");
        blob.Array(3, 1000);
        blob.Reference(2, 4);
        blob.Prototype(5, 5, 5, 5);
        blob.Struct("self", 8, [new("", 6, 0), new("", 6, 0)]);
        BtfTypes types = Read(blob);
        Assert.Same(VoidType.Instance, types.Find("first_t")!.Resolved);
        Assert.Equal(0UL, types.Find("first_t")!.Bytes);
        Assert.Null(types.Struct("self").Find("missing"));
        Touch(types);
    }

    // What is damaged is either refused or read as something; it never throws, hangs, or takes memory beyond its size.
    [Fact]
    public void Damaged_blobs_are_survived()
    {
        BtfBuilder blob = new();
        uint integer = blob.Integer("int", 4, encoding: 1);
        uint pointer = blob.Reference(2, integer);
        uint array = blob.Array(pointer, 5);
        uint inner = blob.Struct("", 8, [new("x", integer, 0), new("y", integer, 32)]);
        blob.Struct("outer", 64, [new("array", array, 0), new("", inner, 320), new("bits", integer, 400, 5)]);
        blob.Enum("names", [("A", 1), ("B", 2)]);
        blob.Enum64("wide", [("C", 1)]);
        blob.Prototype(integer, pointer);
        blob.Reference(8, 5, "outer_t");
        byte[] good = blob.Build();
        Random random = new(20241124);
        int read = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bad = [.. good];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                bad[random.Next(bad.Length)] = random.Next(4) switch { 0 => 0xff, 1 => 0, _ => (byte)random.Next(256) };
            }

            Array.Resize(ref bad, random.Next(8) == 0 ? random.Next(bad.Length) : bad.Length);
            if (BtfTypes.Read(bad, "damaged") is BtfTypes types)
            {
                read++;
                Touch(types);
            }
        }

        Assert.InRange(read, 1_000, 19_999);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000L * 1_000_000);
    }

    private static BtfTypes Read(BtfBuilder blob) => BtfTypes.Read(blob.Build(), "built") ?? throw new InvalidOperationException("refused");

    private static void Touch(BtfTypes types)
    {
        foreach (KernelType type in types.Named.Take(100))
        {
            _ = type.Bytes;
            _ = type.ToString();
            if (type is StructType holder)
            {
                _ = holder.Find("x", "bits", "array");
                foreach (Member member in holder.Members.Take(1000))
                {
                    _ = member.Type.Declare(member.Name) + member.Type.Resolved.Bytes;
                }
            }
        }

        _ = types.FindStruct("outer");
        _ = types.FindEnumerator("B");
    }
}
