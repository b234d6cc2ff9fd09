using System.Globalization;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Types;

/// <summary>
/// What an expression of C stands for: something in the kernel's memory, by its type, or a number that was computed and stands nowhere. Memory is read when
/// its value is asked for.
/// </summary>
/// <param name="Type">Its type; null where that is not known.</param>
/// <param name="Address">Where it is; 0 for a computed number.</param>
public sealed record Operand(KernelType? Type, VirtualAddress Address)
{
    /// <summary>Bits from the address to a bit-field's first bit, 0-7; 0 for everything else.</summary>
    public int BitOffset { get; init; }

    /// <summary>Bits of a bit-field, 1-64; 0 for everything else.</summary>
    public int BitSize { get; init; }

    /// <summary>The number, of one that was computed; null for what is in memory.</summary>
    public ulong? Computed { get; init; }

    /// <summary>Its type.</summary>
    /// <exception cref="ExpressionException">It is not known.</exception>
    public KernelType Described => Type
        ?? throw new ExpressionException($"the type of what is at {Text(Address.Value)} is not known: write (TYPE) before it", true);

    /// <summary>A member of the structure that this is, or that this points at.</summary>
    /// <exception cref="MissingTypeException">This kernel's structure has none of that name.</exception>
    /// <exception cref="ExpressionException">There is no structure, or the pointer is null or cannot be read.</exception>
    public Operand Member(KernelObjects objects, string name) => Described.Resolved switch
    {
        StructType holder when Computed is null => holder.Find(name) is Field field
            ? new(field.Type, Address + field.Offset) { BitOffset = field.BitOffset, BitSize = field.BitSize }
            : throw new MissingTypeException($"this kernel's {holder} has no {name}"),
        PointerType => Target(objects).Member(objects, name),
        DeclaredType declared => throw new MissingTypeException($"{declared} is not described: no {name} in it"),
        _ => throw new ExpressionException($"{Type} has no fields: no {name} in it", true),
    };

    /// <summary>An element of an array, or of the array that a pointer points at.</summary>
    /// <exception cref="MissingTypeException">The array has no such element.</exception>
    /// <exception cref="ExpressionException">It is neither, or the pointer is null or cannot be read.</exception>
    public Operand Element(KernelObjects objects, ulong index)
    {
        switch (Described.Resolved)
        {
            case ArrayType array when array.Count == 0 || index < array.Count:
                return new(array.Element, new(unchecked(Address.Value + (index * array.Element.Bytes))));
            case ArrayType array:
                throw new MissingTypeException($"{Type} has elements 0 to {array.Count - 1}: there is no {index}");
            case PointerType pointer when pointer.Target.Bytes == 0:
                throw new ExpressionException($"{Type} points at what has no size", true);
            case PointerType pointer:
                return new(pointer.Target, new(unchecked(Pointed(objects) + (index * pointer.Target.Bytes))));
            default:
                throw new ExpressionException($"{Type} is no array and no pointer", true);
        }
    }

    /// <summary>What a pointer points at, or the first element of an array.</summary>
    /// <exception cref="ExpressionException">It is neither, or the pointer is null or cannot be read.</exception>
    public Operand Target(KernelObjects objects) => Described.Resolved switch
    {
        PointerType pointer => new(pointer.Target, new(Pointed(objects))),
        ArrayType => Element(objects, 0),
        _ => throw new ExpressionException($"{Type} is no pointer", true),
    };

    /// <summary>A pointer to this.</summary>
    /// <exception cref="ExpressionException">It stands nowhere, or is a bit-field.</exception>
    public Operand Pointer() => Computed is not null || BitSize > 0
        ? throw new ExpressionException(BitSize > 0 ? "a bit-field has no address" : "what is computed has no address", true)
        : new(new PointerType(() => Type ?? VoidType.Instance), default) { Computed = Address.Value };

    /// <summary>A number, an enumeration, a pointer or a bit-field, as unsigned 64 bits; a signed one is extended.</summary>
    /// <exception cref="ExpressionException">It is of no such type, is larger than 64 bits, or cannot be read.</exception>
    public ulong Number(KernelObjects objects) => Computed ?? (Described.Resolved is StructType or ArrayType or VoidType or FunctionType or DeclaredType
        ? throw new ExpressionException($"{Type} is no number", true)
        : objects.Read(Address, new Field(0, BitOffset, BitSize, Described))
            ?? throw new ExpressionException($"the {Type} at {Text(Address.Value)} cannot be read: not mapped, or not in the image"));

    /// <summary>The same as another type: of a variable whose type is not known, what is in memory; of others what C makes of the value.</summary>
    /// <exception cref="ExpressionException">C has no such cast, or the value cannot be read.</exception>
    public Operand Cast(KernelObjects objects, KernelType type) => type.Resolved switch
    {
        _ when Type is null => new(type, Address),
        PointerType when Described.Resolved is ArrayType => Pointer() with { Type = type },
        StructType or ArrayType when Computed is null => new(type, Address),
        StructType or ArrayType or VoidType or FunctionType or DeclaredType =>
            throw new ExpressionException($"a number cannot be {type}: write ({type} *)", true),
        _ => new(type, default) { Computed = Cut(type, Number(objects)) },
    };

    private static ulong Cut(KernelType type, ulong number)
    {
        int unused = 64 - (int)Math.Min(64, type.Bytes * 8);
        return new Field(0, 0, 0, type).IsSigned ? (ulong)((long)(number << unused) >> unused) : number << unused >> unused;
    }

    private ulong Pointed(KernelObjects objects) => Number(objects) is ulong pointer and not 0 ? pointer
        : throw new ExpressionException(Computed is null ? $"the {Type} at {Text(Address.Value)} is null" : $"the {Type} is null");

    private static string Text(ulong address) => string.Create(CultureInfo.InvariantCulture, $"0x{address:x16}");
}
