using System.Text.Json;
using System.Text.Unicode;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Types.Isf;

/// <summary>
/// Types described by Volatility's intermediate symbol format, as dwarf2json writes it for a kernel: a JSON object with base_types, user_types, enums and
/// symbols (volatility3, schemas/schema-6.2.0.json). A structure without a tag has a made-up one there, and so has a member without a name.
/// </summary>
public sealed class IsfTypes : KernelTypes
{
    // Distributions' kernels have 20 to 60 MB.
    private const long MaxBytes = 1L << 30;
    private const int MaxDepth = 64;

    private readonly JsonElement _bases;
    private readonly JsonElement _structs;
    private readonly JsonElement _enums;
    private readonly Dictionary<string, KernelType> _built = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, long>> _enumerators;

    private IsfTypes(JsonElement root, string origin)
    {
        _bases = Section(root, "base_types");
        _structs = Section(root, "user_types");
        _enums = Section(root, "enums");
        Origin = origin;
        _enumerators = new(IndexEnumerators);
    }

    /// <inheritdoc/>
    public override string Origin { get; }

    /// <inheritdoc/>
    public override IEnumerable<KernelType> Named =>
        Names(_structs).Select(KernelType? (name) => FindStruct(name)).Concat(Names(_bases).Concat(Names(_enums)).Distinct(StringComparer.Ordinal).Select(Find))
            .OfType<KernelType>();

    /// <summary>Reads a file.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="banner">The banner of the kernel that it is to describe: "Linux version ...".</param>
    /// <param name="path">The file's name, for messages.</param>
    /// <exception cref="MissingTypeException">It is no such file, or names another banner.</exception>
    public static IsfTypes Read(Stream json, string banner, string path)
    {
        try
        {
            using MemoryStream bounded = new();
            Copy(json, bounded, path);
            ReadOnlyMemory<byte> text = bounded.GetBuffer().AsMemory(0, (int)bounded.Length);

            // JSON lets both through, and names are read as late as they are asked for. No symbol file has characters that take a surrogate.
            if (!Utf8.IsValid(text.Span) || text.Span.IndexOf("\\ud"u8) >= 0 || text.Span.IndexOf("\\uD"u8) >= 0)
            {
                throw new MissingTypeException($"{path}: JSON, but damaged: its text is no valid UTF-8");
            }

            JsonDocument document = JsonDocument.Parse(text, new() { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object || Section(document.RootElement, "user_types").ValueKind != JsonValueKind.Object)
            {
                throw new MissingTypeException($"{path}: JSON, but not Volatility's symbol format: it has no user_types");
            }

            if (Banner(document.RootElement) is string named && named.TrimEnd('\n', '\0') != banner.TrimEnd('\n', '\0'))
            {
                throw new MissingTypeException($"{path}: describes another kernel: {named.TrimEnd('\n', '\0')}");
            }

            return new(document.RootElement, $"Volatility symbols of {path}");
        }
        catch (JsonException e)
        {
            throw new MissingTypeException($"{path}: JSON, but damaged at line {e.LineNumber + 1}", e);
        }
        catch (Exception e) when (e is InvalidDataException or IndexOutOfRangeException or SharpCompress.Common.SharpCompressException)
        {
            throw new MissingTypeException($"{path}: damaged: {FileProblem.Of(e)}", e);
        }
    }

    /// <inheritdoc/>
    public override StructType? FindStruct(string tag) =>
        Lookup("struct " + tag, () => Properties(_structs, tag) is JsonElement described ? Struct(tag, described) : null) as StructType;

    /// <inheritdoc/>
    public override KernelType? Find(string name) =>
        Lookup("enum " + name, () => Properties(_enums, name) is JsonElement described ? Enum(name, described) : null)
        ?? Lookup(name, () => Properties(_bases, name) is JsonElement number ? Base(name, number) : null);

    /// <inheritdoc/>
    public override long? FindEnumerator(string name) => _enumerators.Value.TryGetValue(name, out long value) ? value : null;

    private static void Copy(Stream from, MemoryStream to, string path)
    {
        byte[] buffer = new byte[1 << 16];
        for (int read = from.Read(buffer); read > 0; read = from.Read(buffer))
        {
            if (to.Length + read > MaxBytes)
            {
                throw new MissingTypeException($"{path}: JSON of more than {MaxBytes} bytes");
            }

            to.Write(buffer, 0, read);
        }
    }

    // The text of the variable linux_banner, in base64.
    private static string? Banner(JsonElement root)
    {
        try
        {
            return Properties(Section(root, "symbols"), "linux_banner") is JsonElement symbol
                && Properties(symbol, "constant_data") is { ValueKind: JsonValueKind.String } data
                ? System.Text.Encoding.Latin1.GetString(Convert.FromBase64String(data.GetString()!))
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static JsonElement Section(JsonElement root, string name) => Properties(root, name) ?? default;

    private static JsonElement? Properties(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out JsonElement value) ? value : null;

    private static JsonElement.ObjectEnumerator Properties(JsonElement holder) => holder.ValueKind == JsonValueKind.Object ? holder.EnumerateObject() : default;

    private static IEnumerable<string> Names(JsonElement section) => Properties(section).Select(property => property.Name).Where(name => !IsMadeUp(name));

    private static bool IsMadeUp(string name) => name.StartsWith("unnamed_", StringComparison.Ordinal);

    private static ulong Number(JsonElement holder, string name) =>
        Properties(holder, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetUInt64(out ulong number) ? number : 0;

    private static string Text(JsonElement holder, string name) =>
        Properties(holder, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    private static IntegerType Base(string name, JsonElement described)
    {
        bool signed = Properties(described, "signed") is { ValueKind: JsonValueKind.True };
        IntegerEncoding encoding = Text(described, "kind") switch
        {
            "char" => IntegerEncoding.Character,
            "bool" => IntegerEncoding.Boolean,
            "float" => IntegerEncoding.FloatingPoint,
            _ => signed ? IntegerEncoding.Signed : IntegerEncoding.Unsigned,
        };
        return new(name, (int)Math.Min(Number(described, "size"), 64), encoding);
    }

    private KernelType? Lookup(string key, Func<KernelType?> build)
    {
        lock (_built)
        {
            if (!_built.TryGetValue(key, out KernelType? type) && build() is KernelType made)
            {
                _built[key] = type = made;
            }

            return type;
        }
    }

    private StructType Struct(string name, JsonElement described)
    {
        bool isUnion = Text(described, "kind") == "union";
        return new(IsMadeUp(name) ? "" : name, Number(described, "size"), isUnion, () => Members(Section(described, "fields")));
    }

    private Member[] Members(JsonElement fields) =>
    [
        .. Properties(fields)
            .Select(field => Member(field.Name, field.Value))
            .OrderBy(member => member.BitOffset),
    ];

    private Member Member(string name, JsonElement field)
    {
        JsonElement type = Section(field, "type");
        ulong offset = Math.Min(Number(field, "offset"), uint.MaxValue) * 8;
        string shown = Properties(field, "anonymous") is { ValueKind: JsonValueKind.True } || IsMadeUp(name) ? "" : name;
        if (Text(type, "kind") == "bitfield")
        {
            int size = (int)Math.Min(Number(type, "bit_length"), 64);
            return new(shown, offset + Math.Min(Number(type, "bit_position"), 64), size, () => Of(Section(type, "type")));
        }

        return new(shown, offset, 0, () => Of(type));
    }

    private KernelType Of(JsonElement type)
    {
        string name = Text(type, "name");
        switch (Text(type, "kind"))
        {
            case "base":
                return name == "void" ? VoidType.Instance
                    : Properties(_bases, name) is null ? VoidType.Instance : Lookup(name, () => Base(name, Properties(_bases, name)!.Value))!;
            case "pointer":
                return new PointerType(() => Of(Section(type, "subtype")));
            case "array":
                return new ArrayType(() => Of(Section(type, "subtype")), Number(type, "count"));
            case "struct" or "union" or "class":
                return (KernelType?)FindStruct(name) ?? new DeclaredType(IsMadeUp(name) ? "" : name, Text(type, "kind") == "union");
            case "enum":
                return Lookup("enum " + name, () => Properties(_enums, name) is JsonElement described ? Enum(name, described) : null) ?? VoidType.Instance;
            case "function":
                return new FunctionType(() => VoidType.Instance, () => []);
            default:
                return VoidType.Instance;
        }
    }

    private EnumType Enum(string name, JsonElement described)
    {
        bool signed = Properties(_bases, Text(described, "base")) is JsonElement number && Properties(number, "signed") is { ValueKind: JsonValueKind.True };
        return new(IsMadeUp(name) ? "" : name, (int)Math.Min(Number(described, "size"), 8), signed, () =>
        [
            .. Properties(Section(described, "constants"))
                .Where(constant => constant.Value.ValueKind == JsonValueKind.Number)
                .Select(constant =>
                    new Enumerator(constant.Name,
                        constant.Value.TryGetInt64(out long value) ? value : constant.Value.TryGetUInt64(out ulong large) ? (long)large : 0)),
        ]);
    }

    private Dictionary<string, long> IndexEnumerators()
    {
        Dictionary<string, long> index = new(StringComparer.Ordinal);
        foreach (JsonProperty property in Properties(_enums))
        {
            foreach (Enumerator value in Enum(property.Name, property.Value).Values)
            {
                index.TryAdd(value.Name, value.Value);
            }
        }

        return index;
    }
}
