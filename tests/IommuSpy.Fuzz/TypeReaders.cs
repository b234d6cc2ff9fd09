using System.Text;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Linux.Types.Isf;
using IommuSpy.Testing.Types;

namespace IommuSpy.Fuzz;

/// <summary>Descriptions of types: BTF and Volatility's symbol files.</summary>
internal static class TypeReaders
{
    private const int MostTypes = 2_000;

    /// <summary>A blob with a type of each kind.</summary>
    public static byte[] BtfSeed()
    {
        BtfBuilder btf = new();
        uint number = btf.Integer("int", 4);
        uint list = btf.Struct("list_head", 16, []);
        uint pointer = btf.Reference(2, list);
        uint array = btf.Array(number, 8);
        uint named = btf.Reference(8, number, "u32");
        uint state = btf.Enum("state", [("OFF", 0), ("ON", 1)]);
        btf.Enum64("wide", [("FAR", 1UL << 40)]);
        btf.Forward("hidden");
        btf.Prototype(number, pointer, named);
        btf.Struct("thing", 64,
            [new("link", list, 0), new("next", pointer, 128), new("counts", array, 192), new("state", state, 448), new("flag", number, 480, 3)]);
        btf.Struct("either", 8, [new("number", number, 0), new("name", named, 0)], kind: 5);
        return btf.Build();
    }

    /// <summary>A symbol file with a type of each kind.</summary>
    public static byte[] IsfSeed() => Encoding.UTF8.GetBytes("""
        {"metadata": {"format": "6.2.0"},
         "base_types": {"int": {"size": 4, "signed": true, "kind": "int", "endian": "little"},
         "pointer": {"size": 8, "signed": false, "kind": "int", "endian": "little"}},
         "enums": {"state": {"size": 4, "base": "int", "constants": {"OFF": 0, "ON": 1}}},
         "symbols": {"init_task": {"address": 18446744071579795456, "type": {"kind": "struct", "name": "thing"}}},
         "user_types": {"list_head": {"kind": "struct", "size": 16, "fields":
         {"next": {"offset": 0, "type": {"kind": "pointer", "subtype": {"kind": "struct", "name": "list_head"}}}}},
          "thing": {"kind": "struct", "size": 64, "fields": {
           "link": {"offset": 0, "type": {"kind": "struct", "name": "list_head"}},
           "counts": {"offset": 24, "type": {"kind": "array", "count": 8, "subtype": {"kind": "base", "name": "int"}}},
           "flag": {"offset": 60, "type": {"kind": "bitfield", "bit_position": 0, "bit_length": 3, "type": {"kind": "base", "name": "int"}}}}}}}
        """);

    public static void ReadBtf(byte[] bytes)
    {
        if (BtfTypes.Read(bytes, "input") is BtfTypes types)
        {
            Use(types);
        }
    }

    public static void ReadIsf(byte[] bytes)
    {
        try
        {
            Use(IsfTypes.Read(new MemoryStream(bytes), "Linux version 6.1.0", "input"));
        }
        catch (MissingTypeException e) when (!e.Message.Contains('\n', StringComparison.Ordinal))
        {
            // Refused in one line.
        }
    }

    private static void Use(KernelTypes types)
    {
        foreach (KernelType type in types.Named.Take(MostTypes))
        {
            if (type is StructType known)
            {
                known.Find("link.next");
                _ = known.Members.Take(MostTypes).Sum(member => member.Name?.Length ?? 0);
            }
        }

        types.FindStruct("thing")?.Find("counts");
        types.FindField("thing", "flag", "link");
        types.Find("u32");
        types.FindEnumerator("ON");
    }
}
