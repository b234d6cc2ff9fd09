using IommuSpy.Memory;

namespace IommuSpy.Analysis.Find;

/// <summary>A place in memory where a pattern matches.</summary>
/// <param name="Pattern">The pattern, as it was asked for.</param>
/// <param name="Physical">Where its first byte is in physical memory.</param>
/// <param name="Virtual">Where it is in the addresses that were searched; of physical memory, in the direct map. Null where that does not have it.</param>
/// <param name="Pid">The process whose addresses were searched; null otherwise.</param>
/// <param name="Bytes">How many bytes match.</param>
/// <param name="Content">The first of them.</param>
/// <param name="Use">What the page is used for, and whose it is.</param>
/// <param name="Symbol">The symbol at or before it; null where none reaches it.</param>
/// <param name="Object">Of a slab, the object that holds it, and how far into it: "live 0xffff888003a41c00+0x40"; null elsewhere.</param>
/// <param name="Processes">Addresses at which processes map it, the first of many: "173:0x00007f558d360000".</param>
public sealed record FoundBytes(
    string Pattern,
    PhysicalAddress Physical,
    VirtualAddress? Virtual,
    int? Pid,
    ulong Bytes,
    ReadOnlyMemory<byte> Content,
    string? Use,
    string? Symbol,
    string? Object,
    IReadOnlyList<string> Processes);
