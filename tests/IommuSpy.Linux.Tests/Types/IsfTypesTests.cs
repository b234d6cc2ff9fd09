using System.Text;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Files;
using IommuSpy.Linux.Types.Isf;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Volatility's symbol format, as dwarf2json writes it.</summary>
public class IsfTypesTests
{
    private const string Banner = "Linux version 6.1.0-test (test@test) (gcc) #1 SMP Debian\n";

    private static readonly string Json = $$"""
        {
          "metadata": { "format": "6.2.0", "producer": { "name": "dwarf2json", "version": "0.8.0" } },
          "base_types": {
            "int": { "size": 4, "signed": true, "kind": "int", "endian": "little" },
            "char": { "size": 1, "signed": true, "kind": "char", "endian": "little" },
            "unsigned long": { "size": 8, "signed": false, "kind": "int", "endian": "little" },
            "_Bool": { "size": 1, "signed": false, "kind": "bool", "endian": "little" },
            "void": { "size": 0, "signed": false, "kind": "void", "endian": "little" }
          },
          "user_types": {
            "task_struct": {
              "size": 128,
              "kind": "struct",
              "fields": {
                "pid": { "type": { "kind": "base", "name": "int" }, "offset": 8 },
                "state": { "type": { "kind": "base", "name": "unsigned long" }, "offset": 0 },
                "comm": { "type": { "kind": "array", "count": 16, "subtype": { "kind": "base", "name": "char" } }, "offset": 16 },
                "parent": { "type": { "kind": "pointer", "subtype": { "kind": "struct", "name": "task_struct" } }, "offset": 32 },
                "tasks": { "type": { "kind": "struct", "name": "list_head" }, "offset": 40 },
                "flag": { "type": { "kind": "bitfield", "bit_position": 3, "bit_length": 2, "type": { "kind": "base", "name": "int" } }, "offset": 56 },
                "unnamed_field_3c": { "type": { "kind": "union", "name": "unnamed_8a1f" }, "offset": 64, "anonymous": true },
                "handler": { "type": { "kind": "pointer", "subtype": { "kind": "function" } }, "offset": 72 },
                "color": { "type": { "kind": "enum", "name": "color" }, "offset": 80 },
                "mystery": { "type": { "kind": "struct", "name": "not_described" }, "offset": 88 }
              }
            },
            "list_head": {
              "size": 16,
              "kind": "struct",
              "fields": {
                "next": { "type": { "kind": "pointer", "subtype": { "kind": "struct", "name": "list_head" } }, "offset": 0 },
                "prev": { "type": { "kind": "pointer", "subtype": { "kind": "struct", "name": "list_head" } }, "offset": 8 }
              }
            },
            "unnamed_8a1f": {
              "size": 8,
              "kind": "union",
              "fields": {
                "ready": { "type": { "kind": "base", "name": "_Bool" }, "offset": 0 },
                "word": { "type": { "kind": "base", "name": "unsigned long" }, "offset": 0 }
              }
            }
          },
          "enums": { "color": { "size": 4, "base": "int", "constants": { "RED": 0, "GREEN": -1 } } },
          "symbols": { "linux_banner": { "address": 0, "constant_data": "{{Convert.ToBase64String(Encoding.ASCII.GetBytes(Banner + "\0"))}}" } }
        }
        """;

    // xz -9 of {"user_types":{"s":{"size":24,"kind":"struct","fields":{}}},"base_types":{},"enums":{},"symbols":{}}
    private const string Compressed =
        "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4ABjAE1dAD2IiqdzoMTm7nSfaj7hIvCF4iefuTUT+WX4lClIGcJd+"
        + "eoxTPWC1Tn6YoSk6kxZ67Ogyb4ypNI9hivOJac3dZo0pGh4cvG647KjH4MAAAAAAKtYpfQkeMtMAAFpZITAZt4ftvN9AQAAAAAEWVo=";

    [Fact]
    public void Structures_unions_bit_fields_and_enumerations_are_read()
    {
        IsfTypes types = Read(Json);
        StructType task = types.Struct("task_struct");
        Assert.Equal(128UL, task.Bytes);
        Assert.Equal(
            ["0 long unsigned state", "8 int pid", "16 char comm[16]", "32 struct task_struct *parent", "40 struct list_head tasks", "56 int flag",
                "64 union {...}", "72 void (*handler)(void)", "80 enum color color", "88 struct not_described mystery"],
            task.Members.Select(member =>
                $"{member.BitOffset / 8} {member.Type.Declare(member.Name)}".Replace("unsigned long", "long unsigned", StringComparison.Ordinal).TrimEnd()));
        Field flag = task.Field("flag");
        Assert.Equal((56UL, 3, 2), (flag.Offset, flag.BitOffset, flag.BitSize));
        Assert.Equal((64UL, 64UL, 48UL), (task.Field("word").Offset, task.Field("ready").Offset, task.Field("tasks.prev").Offset));
        Assert.Equal((-1L, 0L), (types.FindEnumerator("GREEN"), types.FindEnumerator("RED")));
        Assert.Equal(IntegerEncoding.Boolean, Assert.IsType<IntegerType>(types.Find("_Bool")).Encoding);
        Assert.Null(types.FindStruct("not_described"));
        Assert.Null(types.FindStruct("unnamed_none"));
        Assert.Equal(["list_head", "task_struct"], types.Named.OfType<StructType>().Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("{\"user_types\": 7}")]
    public void What_is_no_such_file_is_refused(string json) => Assert.Throws<MissingTypeException>(() => Read(json));

    [Fact]
    public void A_name_that_is_no_text_is_refused()
    {
        // What fuzzing found: the JSON reader lets both through, and the name throws when somebody asks for it.
        byte[] bytes = Encoding.UTF8.GetBytes("{\"user_types\": {\"s#\": {}}}");
        bytes[Array.IndexOf(bytes, (byte)'#')] = 0xc3;
        Assert.Throws<MissingTypeException>(() => IsfTypes.Read(new MemoryStream(bytes), Banner, "symbols.json"));
        Assert.Throws<MissingTypeException>(() => Read("{\"user_types\": {\"s\\ud800\": {}}}"));
    }

    [Fact]
    public void Symbols_of_another_kernel_are_refused()
    {
        MissingTypeException refusal =
            Assert.Throws<MissingTypeException>(() =>
                IsfTypes.Read(new MemoryStream(Encoding.UTF8.GetBytes(Json)), "Linux version 6.1.0-other", "symbols.json"));
        Assert.Contains("another kernel: Linux version 6.1.0-test", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_of_any_shape_are_survived()
    {
        IsfTypes types = Read("""
            { "user_types": { "s": { "size": -1, "kind": 9, "fields": { "a": 3, "b": { "type": { "kind": "pointer" }, "offset": "x" },
              "c": { "type": { "kind": "array", "count": 1e30, "subtype": null } },
              "d": { "type": { "kind": "bitfield", "bit_length": 99999 } }, "e": { "offset": 18446744073709551615, "type": [] } } }, "t": [] },
              "enums": { "e": { "constants": { "x": 1.5, "y": "z" } } } }
            """);
        Assert.Equal(0UL, types.Struct("s").Bytes);
        Assert.Equal(5, types.Struct("s").Members.Count);
        Assert.All(types.Struct("s").Members, member => Assert.NotNull(member.Type.ToString()));
        Assert.Empty(types.Struct("t").Members);
        Assert.Equal(0, types.FindEnumerator("x"));
    }

    [Fact]
    public void Compressed_symbols_are_read_and_damaged_ones_refused()
    {
        byte[] file = Convert.FromBase64String(Compressed);
        Assert.True(XzJson.Recognises(file));
        Assert.Equal(24UL, IsfTypes.Read(XzJson.Open(new MemoryStream(file)), Banner, "symbols.json.xz").Struct("s").Bytes);
        for (int at = 12; at < file.Length - 28; at++)
        {
            byte[] bad = [.. file];
            bad[at] ^= 0x5a;
            try
            {
                IsfTypes.Read(XzJson.Open(new MemoryStream(bad)), Banner, "symbols.json.xz");
            }
            catch (MissingTypeException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        Assert.Throws<MissingTypeException>(() => IsfTypes.Read(XzJson.Open(new MemoryStream(file[..40])), Banner, "symbols.json.xz"));
    }

    private static IsfTypes Read(string json) => IsfTypes.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), Banner, "symbols.json");
}
