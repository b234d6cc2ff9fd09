using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>What the kernel's own tables say of a place in its code.</summary>
/// <param name="Address">The first byte of the instruction that it is about.</param>
/// <param name="Kind">What kind of table says it.</param>
/// <param name="About">
/// The key of a jump label or of a static call, where execution goes on after a fault; null where the table says nothing more, or an address is not what it
/// says.
/// </param>
/// <param name="Place">The file and line in the source, of a BUG or a WARN.</param>
public sealed record CodeSite(VirtualAddress Address, CodeSiteKind Kind, VirtualAddress? About = null, string? Place = null);
