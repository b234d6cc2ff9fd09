using IommuSpy.Memory;

namespace IommuSpy.Analysis.Types;

/// <summary>A value in memory, read by its type.</summary>
/// <param name="Name">The member's name, "[3]" for an element, or the path that was asked for; null for the whole, and for what has no name in C.</param>
/// <param name="Type">Its type as C writes it; null where a path does not lead to it.</param>
/// <param name="Virtual">Where it is; null for what was computed and stands nowhere.</param>
/// <param name="Value">It, as text: a number, an address with 0x, a text in quotes, an enumerator's name; null for a structure or an array, and for what cannot
/// be read.</param>
/// <param name="Symbol">Of a pointer into the kernel's image or a module, the symbol that it points to.</param>
/// <param name="Problem">Why there is no value; null where there is one.</param>
/// <param name="Members">Of a structure or an array, its members or elements.</param>
/// <param name="Omitted">How many more elements the array has that are not shown.</param>
public sealed record ValueReport(
    string? Name,
    string? Type,
    VirtualAddress? Virtual,
    string? Value,
    string? Symbol,
    string? Problem,
    IReadOnlyList<ValueReport>? Members,
    ulong Omitted)
{
    /// <summary>Of a pointer to characters, the text there, in quotes; null where none can be read, and for everything else.</summary>
    public string? Text { get; init; }
}
