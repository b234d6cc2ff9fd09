using System.Globalization;
using IommuSpy.Analysis.Types;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy;

/// <summary>
/// Something in the kernel's memory, by its C type: a structure, a field of one, an array, a pointer, a number. It is read when its value is asked for.
/// Fields are named as this kernel's own types name them (`iommu-spy types task_struct`).
/// </summary>
public sealed class KernelObject
{
    private readonly Machine _machine;
    private readonly KernelType? _type;
    private readonly VirtualAddress _address;
    private readonly int _bitOffset;
    private readonly int _bitSize;

    internal KernelObject(Machine machine, KernelType? type, VirtualAddress address, int bitOffset = 0, int bitSize = 0)
    {
        _machine = machine;
        _type = type;
        _address = address;
        _bitOffset = bitOffset;
        _bitSize = bitSize;
    }

    /// <summary>Its virtual address.</summary>
    public ulong Address => _address.Value;

    /// <summary>Its type as C writes it: "struct task_struct", "struct mm_struct *"; null where that is not known: <see cref="As"/> gives it one.</summary>
    public string? Type => _type?.ToString();

    /// <summary>sizeof its type; 0 where that is not known.</summary>
    public ulong Bytes => _type?.Bytes ?? 0;

    /// <summary>Of a structure or union, or a pointer to one, the names of its members, anonymous ones left out; empty for everything else.</summary>
    public IReadOnlyList<string> Fields => Described.Resolved switch
    {
        StructType holder => Names(holder),
        PointerType { Target.Resolved: StructType holder } => Names(holder),
        _ => [],
    };

    /// <summary>A field by its path: "mm", "thread_info.flags"; pointers on the way are followed, as C's arrow does.</summary>
    /// <param name="path">Names with dots between them.</param>
    /// <exception cref="NoAnswerException">This kernel's structure has no such field, a pointer on the way is null or cannot be read, or there is no
    /// structure.</exception>
    public KernelObject Field(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return path.Split('.').Aggregate(this, (holder, name) => holder.Member(name));
    }

    /// <summary>An element of an array, or of the array that a pointer points at.</summary>
    /// <param name="index">Which, from 0; of an array whose length is known, below that.</param>
    /// <exception cref="NoAnswerException">It is neither, or the pointer is null or cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The array has no such element.</exception>
    public KernelObject this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            switch (Described.Resolved)
            {
                case ArrayType array:
                    if (array.Count > 0)
                    {
                        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, array.Count, nameof(index));
                    }

                    return new(_machine, array.Element, _address + ((ulong)index * array.Element.Bytes));
                case PointerType pointer:
                    return new(_machine, pointer.Target, new(unchecked(Pointed() + ((ulong)index * pointer.Target.Bytes))));
                default:
                    throw new NoAnswerException($"{this} is no array and no pointer");
            }
        }
    }

    /// <summary>What a pointer points at.</summary>
    /// <exception cref="NoAnswerException">It is no pointer, is null, or cannot be read.</exception>
    public KernelObject Target => Described.Resolved is PointerType pointer ? new(_machine, pointer.Target, new(Pointed()))
        : throw new NoAnswerException($"{this} is no pointer");

    /// <summary>A number, an enumeration, a pointer or a bit-field, as unsigned 64 bits; a signed one is extended.</summary>
    /// <exception cref="NoAnswerException">It is of no such type, is larger than 64 bits, or cannot be read.</exception>
    public ulong Number
    {
        get
        {
            if (Described.Resolved is StructType or ArrayType or VoidType or FunctionType or DeclaredType)
            {
                throw new NoAnswerException($"{this} is no number");
            }

            return _machine.Ask(machine => machine.Parts.Objects.Required.Read(_address, new Field(0, _bitOffset, _bitSize, Described)))
                ?? throw new NoAnswerException($"{this} cannot be read: not mapped, or not in the image");
        }
    }

    /// <summary>The same as a signed number.</summary>
    /// <exception cref="NoAnswerException">It is of no such type, is larger than 64 bits, or cannot be read.</exception>
    public long Integer => unchecked((long)Number);

    /// <summary>Whether a pointer is null.</summary>
    /// <exception cref="NoAnswerException">It cannot be read.</exception>
    public bool IsNull => Number == 0;

    /// <summary>A text: of an array of characters, or of a pointer to some, up to the zero that ends it.</summary>
    /// <exception cref="NoAnswerException">It is no text, or cannot be read.</exception>
    public string Text => (Described.Resolved switch
    {
        ArrayType array => _machine.Ask(machine => machine.Parts.Objects.Required.Text(_address, new Field(0, 0, 0, array))),
        PointerType => _machine.Ask(machine => machine.Parts.Objects.Required.Text(new VirtualAddress(Pointed()))),
        _ => throw new NoAnswerException($"{this} is no text"),
    }) ?? throw new NoAnswerException($"{this} cannot be read: not mapped, or not in the image");

    /// <summary>The same bytes as another type.</summary>
    /// <param name="type">A type's name: "struct page", "list_head", "u32".</param>
    /// <exception cref="NoAnswerException">This kernel has no such type, or nothing describes its types.</exception>
    public KernelObject As(string type) => _machine.Object(Address, type);

    /// <summary>
    /// The structures that a list links (include/linux/list.h): this is the list_head that belongs to none of them. A list whose back links do not lead
    /// back is not followed further.
    /// </summary>
    /// <param name="type">The structures' type: "kmem_cache".</param>
    /// <param name="link">The path of the list_head in them: "list".</param>
    /// <exception cref="NoAnswerException">This kernel has no such type or field, or the list cannot be followed to its end.</exception>
    public IReadOnlyList<KernelObject> List(string type, string link) => _machine.Ask<IReadOnlyList<KernelObject>>(machine =>
    {
        StructType element = machine.Parts.Objects.Required.Types.Struct(type);
        KernelList list = KernelList.Read(machine.Parts.Objects.Required, _address, element.Field(link).Offset);
        return list.Damage is string damage ? throw new NoAnswerException($"the list at 0x{Address:x16}: {damage}")
            : [.. list.Elements.Select(at => new KernelObject(_machine, element, at))];
    });

    /// <summary>The value of a number or pointer, a text in quotes, or the type and where it is: "struct task_struct at 0xffffffff82a1b940".</summary>
    public override string ToString()
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{Type ?? "something of unknown type"} at 0x{Address:x16}");
        if (_type is null or { Resolved: StructType } || _bitSize > 0)
        {
            return place;
        }

        return _machine.Ask(machine => ValueReader.Read(machine, _type, _address)) is { Value: string value } read
            ? read.Symbol is string symbol ? $"{value} {symbol}" : value
            : place;
    }

    private KernelType Described =>
        _type ?? throw new NoAnswerException($"the type of what is at 0x{Address:x16} is not known: say it, with As(\"struct ...\")");

    private KernelObject Member(string name) => Described.Resolved switch
    {
        StructType holder => holder.Find(name) is Field field
            ? new(_machine, field.Type, _address + field.Offset, field.BitOffset, field.BitSize)
            : throw new NoAnswerException($"this kernel's {holder} has no {name}"),
        PointerType => Target.Member(name),
        _ => throw new NoAnswerException($"{Type} has no fields: no {name} in it"),
    };

    private ulong Pointed() => Number is ulong pointer and not 0 ? pointer : throw new NoAnswerException($"the {Type} at 0x{Address:x16} is null");

    private static string[] Names(StructType holder) => [.. holder.Members.Select(member => member.Name).Where(name => name.Length > 0)];
}
