using System.Globalization;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Types;

/// <summary>Reads values out of memory by their types.</summary>
public sealed class ValueReader
{
    private const int MaxDepth = 12;
    private const int ShownElements = 16;
    private const int MaxTextBytes = 4096;

    // Two quotes.
    private const int EmptyText = 2;

    // struct task_struct has some 1500 in all.
    private const int MaxValues = 1 << 14;

    private readonly Machine _machine;
    private readonly KernelObjects _objects;
    private int _budget = MaxValues;

    private ValueReader(Machine machine)
    {
        _machine = machine;
        _objects = machine.Parts.Objects.Required;
    }

    /// <summary>Reads a value and all that is in it.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="type">Its type.</param>
    /// <param name="address">Where it is, in the kernel's space.</param>
    public static ValueReport Read(Machine machine, KernelType type, VirtualAddress address) =>
        new ValueReader(machine).Value(null, type, address, 0, 0, MaxDepth);

    /// <summary>Reads what an expression stands for, and all that is in it.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="operand">What an expression stands for.</param>
    /// <param name="name">What it is called; null for nothing.</param>
    /// <exception cref="ExpressionException">Its type is not known.</exception>
    public static ValueReport Read(Machine machine, Operand operand, string? name = null)
    {
        ValueReader reader = new(machine);
        KernelType type = operand.Described;
        return operand.Computed is not ulong number ? reader.Value(name, type, operand.Address, operand.BitOffset, operand.BitSize, MaxDepth)
            : type.Resolved is PointerType to ? reader.Pointer(new(name, type.ToString(), null, null, null, null, null, 0), to, number)
            : new(name, type.ToString(), null, Number(type.Resolved, number), null, null, null, 0);
    }

    /// <summary>Reads some fields of a structure; where the memory of one cannot be had, that of the others can.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="operand">The structure, or a pointer to it.</param>
    /// <param name="paths">Which: "comm", "mm->pgd".</param>
    /// <param name="name">What the structure is called; null for nothing.</param>
    /// <exception cref="MissingTypeException">This kernel has no such field.</exception>
    /// <exception cref="ExpressionException">A path is none, or the pointer leads to nothing.</exception>
    public static ValueReport ReadFields(Machine machine, Operand operand, IReadOnlyList<string> paths, string? name = null)
    {
        Operand holder = operand.Described.Resolved is PointerType ? operand.Target(machine.Parts.Objects.Required) : operand;
        return new(name, holder.Described.ToString(), holder.Address, null, null, null, [.. paths.Select(path => FieldOf(machine, holder, path))], 0);
    }

    private static ValueReport FieldOf(Machine machine, Operand holder, string path)
    {
        try
        {
            return Read(machine, ObjectExpression.Follow(machine, holder, path), path);
        }
        catch (ExpressionException e) when (!e.IsBadText)
        {
            return new(path, null, null, null, null, e.Message, null, 0);
        }
    }

    private ValueReport Value(string? name, KernelType type, VirtualAddress at, int bitOffset, int bitSize, int depth)
    {
        ValueReport shell = new(name, type.ToString(), new(at.Value), null, null, null, null, 0);
        if (--_budget < 0 || depth <= 0)
        {
            return shell with { Problem = "not shown: too deep, or too much" };
        }

        switch (type.Resolved)
        {
            case StructType holder:
                return shell with { Members = [.. holder.Members.Select(member => Member(member, at, depth))] };
            case ArrayType array when IsCharacter(array.Element) && bitSize == 0:
                return Text(shell, at, array.Count);
            case ArrayType array:
                return Elements(shell, array, at, depth);
            case PointerType to:
                return _objects.Word(at) is ulong pointer ? Pointer(shell, to, pointer) : Unreadable(shell);
            case VoidType or FunctionType or DeclaredType:
                return shell with { Problem = "its type is not described" };
            default:
                Field field = new(0, bitOffset, bitSize, type);
                return field.Bytes > sizeof(ulong) ? shell with { Problem = $"a number of {field.Bytes} bytes" }
                    : _objects.Read(at, field) is ulong value ? shell with { Value = Number(type.Resolved, value) } : Unreadable(shell);
        }
    }

    private ValueReport Member(Member member, VirtualAddress holder, int depth) => member.BitSize > 0
        ? Value(member.Name, member.Type, holder + (member.BitOffset / 8), (int)(member.BitOffset % 8), member.BitSize, depth - 1)
        : Value(member.Name.Length == 0 ? null : member.Name, member.Type, holder + (member.BitOffset / 8), 0, 0, depth - 1);

    private ValueReport Elements(ValueReport shell, ArrayType array, VirtualAddress at, int depth)
    {
        KernelType element = array.Element;
        ulong bytes = element.Bytes;
        int shown = (int)Math.Min(array.Count, ShownElements);
        List<ValueReport> elements = [];
        for (int i = 0; i < shown && bytes > 0; i++)
        {
            elements.Add(Value(string.Create(CultureInfo.InvariantCulture, $"[{i}]"), element, at + ((ulong)i * bytes), 0, 0, depth - 1));
        }

        return shell with { Members = elements, Omitted = array.Count - (ulong)elements.Count };
    }

    private ValueReport Text(ValueReport shell, VirtualAddress at, ulong count)
    {
        if (count == 0)
        {
            return shell with { Members = [] };
        }

        return TextAt(at, (int)Math.Min(count, MaxTextBytes)) is string text ? shell with { Value = text } : Unreadable(shell);
    }

    private string? TextAt(VirtualAddress at, int most)
    {
        byte[] bytes = new byte[most];
        int read = _machine.Kernel.Space.Read(at, bytes);
        if (read == 0)
        {
            return null;
        }

        ReadOnlySpan<byte> text = bytes.AsSpan(0, read);
        int end = text.IndexOf((byte)0);
        return Quoted(end < 0 ? text : text[..end]);
    }

    private static string Quoted(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new("\"");
        foreach (byte value in bytes)
        {
            _ = value switch
            {
                (byte)'"' => text.Append("\\\""),
                (byte)'\\' => text.Append("\\\\"),
                >= 0x20 and < 0x7f => text.Append((char)value),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
            };
        }

        return text.Append('"').ToString();
    }

    private static bool IsCharacter(KernelType type) => type.Resolved is IntegerType { Encoding: IntegerEncoding.Character } or IntegerType { Name: "char" };

    private static string Number(KernelType type, ulong value) => type switch
    {
        EnumType names => Enumerator(names, value),
        IntegerType { Encoding: IntegerEncoding.Signed } => ((long)value).ToString(CultureInfo.InvariantCulture),
        IntegerType { Encoding: IntegerEncoding.Boolean } =>
            value switch { 0 => "false", 1 => "true", _ => string.Create(CultureInfo.InvariantCulture, $"{value}") },

        // What has the size of an address may be one, or a mask; in decimal neither can be read.
        IntegerType { Bytes: 8 } when value > uint.MaxValue => $"0x{value:x}",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static string Enumerator(EnumType type, ulong value)
    {
        string? name = null;
        foreach (Enumerator candidate in type.Values)
        {
            if (candidate.Value == (long)value)
            {
                name = candidate.Name;
                break;
            }
        }

        string number = type.IsSigned ? ((long)value).ToString(CultureInfo.InvariantCulture) : value.ToString(CultureInfo.InvariantCulture);
        return name is null ? number : $"{name} ({number})";
    }

    private ValueReport Pointer(ValueReport shell, PointerType type, ulong pointer) => shell with
    {
        Value = $"0x{pointer:x16}",
        Symbol = Symbol(pointer),
        Text = pointer != 0 ? TextOf(type.Target.Resolved, new(pointer)) : null,
    };

    // Bytes without a sign hold names as often as anything else: they are a text where they read as one.
    private string? TextOf(KernelType type, VirtualAddress at) => IsCharacter(type) ? TextAt(at, MaxTextBytes)
        : type is IntegerType { Bytes: 1, Encoding: IntegerEncoding.Unsigned } && TextAt(at, MaxTextBytes) is { Length: > EmptyText } text
            && !text.Contains('\\', StringComparison.Ordinal) ? text : null;

    private string? Symbol(ulong pointer) =>
        pointer != 0 && _machine.Parts.SymbolAt(new VirtualAddress(pointer)) is SymbolOffset symbol ? symbol.ToString() : null;

    private static ValueReport Unreadable(ValueReport shell) => shell with { Problem = "cannot be read: not mapped, or not in the image" };
}
