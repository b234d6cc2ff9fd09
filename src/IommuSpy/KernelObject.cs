using System.Globalization;
using IommuSpy.Analysis.Types;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;

namespace IommuSpy;

/// <summary>
/// Something in the kernel's memory, by its C type: a structure, a field of one, an array, a pointer, a number. It is read when its value is asked for.
/// Fields are named as this kernel's own types name them (`iommu-spy types task_struct`).
/// </summary>
public sealed class KernelObject
{
    private readonly Machine _machine;
    private readonly Operand _operand;

    internal KernelObject(Machine machine, Operand operand)
    {
        _machine = machine;
        _operand = operand;
    }

    /// <summary>Its virtual address.</summary>
    public ulong Address => _operand.Address.Value;

    /// <summary>Its type as C writes it: "struct task_struct", "struct mm_struct *"; null where that is not known: <see cref="As"/> gives it one.</summary>
    public string? Type => _operand.Type?.ToString();

    /// <summary>sizeof its type; 0 where that is not known.</summary>
    public ulong Bytes => _operand.Type?.Bytes ?? 0;

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
            if (Described.Resolved is ArrayType { Count: > 0 } array)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, array.Count, nameof(index));
            }

            return Derived((operand, objects) => operand.Element(objects, (ulong)index));
        }
    }

    /// <summary>What a pointer points at.</summary>
    /// <exception cref="NoAnswerException">It is no pointer, is null, or cannot be read.</exception>
    public KernelObject Target => Described.Resolved is PointerType ? Derived((operand, objects) => operand.Target(objects))
        : throw new NoAnswerException($"{this} is no pointer");

    /// <summary>A number, an enumeration, a pointer or a bit-field, as unsigned 64 bits; a signed one is extended.</summary>
    /// <exception cref="NoAnswerException">It is of no such type, is larger than 64 bits, or cannot be read.</exception>
    public ulong Number => _machine.Ask(machine => _operand.Number(machine.Parts.Objects.Required));

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
        ArrayType array => _machine.Ask(machine => machine.Parts.Objects.Required.Text(_operand.Address, new Field(0, 0, 0, array))),
        PointerType => _machine.Ask(machine => machine.Parts.Objects.Required.Text(_operand.Target(machine.Parts.Objects.Required).Address)),
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
        KernelList list = KernelList.Read(machine.Parts.Objects.Required, _operand.Address, element.Field(link).Offset);
        return list.Damage is string damage ? throw new NoAnswerException($"the list at 0x{Address:x16}: {damage}")
            : [.. list.Elements.Select(at => new KernelObject(_machine, new Operand(element, at)))];
    });

    /// <summary>The value of a number or pointer, a text in quotes, or the type and where it is: "struct task_struct at 0xffffffff82a1b940".</summary>
    public override string ToString()
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{Type ?? "something of unknown type"} at 0x{Address:x16}");
        if (_operand.Type is null or { Resolved: StructType } || _operand.BitSize > 0)
        {
            return place;
        }

        return _machine.Ask(machine => ValueReader.Read(machine, _operand)) is { Value: string value } read
            ? read.Symbol is string symbol ? $"{value} {symbol}" : value
            : place;
    }

    private KernelType Described =>
        _operand.Type ?? throw new NoAnswerException($"the type of what is at 0x{Address:x16} is not known: say it, with As(\"struct ...\")");

    private KernelObject Member(string name)
    {
        _ = Described;
        return Derived((operand, objects) => operand.Member(objects, name));
    }

    private KernelObject Derived(Func<Operand, KernelObjects, Operand> step) =>
        new(_machine, _machine.Ask(machine => step(_operand, machine.Parts.Objects.Required)));

    private static string[] Names(StructType holder) => [.. holder.Members.Select(member => member.Name).Where(name => name.Length > 0)];
}
