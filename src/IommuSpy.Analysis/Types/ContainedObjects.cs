using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;

namespace IommuSpy.Analysis.Types;

/// <summary>The structures that a container holds, found by what an expression says of them.</summary>
/// <param name="Elements">The structures, in the container's order.</param>
/// <param name="Damage">Where and why it could not be followed everywhere, a line each; empty for a whole one.</param>
public sealed record ContainedObjects(IReadOnlyList<Operand> Elements, IReadOnlyList<string> Damage)
{
    /// <summary>Follows a container.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="container">The container, or a pointer to it.</param>
    /// <param name="link">
    /// The structures' type and the member that links them, "task_struct.tasks"; of a container that points at them, their type alone, "vm_area_struct".
    /// </param>
    /// <exception cref="ExpressionException">It is no container, the text does not fit it, or this kernel has no such type or member.</exception>
    /// <exception cref="MissingTypeException">Nothing describes the container's nodes.</exception>
    public static ContainedObjects Of(Machine machine, Operand container, string link)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        Operand head = container.Described.Resolved is PointerType ? container.Target(objects) : container;
        bool links = Container.LinksMembers(head.Described)
            ?? throw new ExpressionException($"{head.Type} is no container; they are {Container.Kinds}", isBadText: true);
        int dot = link.IndexOf('.', StringComparison.Ordinal);
        if (links != dot > 0)
        {
            throw new ExpressionException(links ? $"'{link}': write TYPE.MEMBER, the member by which {head.Type} links the structures"
                : $"'{link}': write the TYPE that {head.Type} points at, without a member", isBadText: true);
        }

        KernelType type = ObjectExpression.TypeOf(machine, dot > 0 ? link[..dot] : link);

        // Of a structure at 0, a member's address is its offset.
        ulong offset = dot < 0 ? 0 : ObjectExpression.Follow(machine, new(type, default), link[(dot + 1)..]).Address.Value;
        Container found = Container.Read(objects, head.Described, head.Address, offset);
        return new([.. found.Elements.Select(at => new Operand(type, at))], found.Damage);
    }
}
