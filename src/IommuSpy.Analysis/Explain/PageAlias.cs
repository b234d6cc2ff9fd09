using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Explain;

/// <summary>An address of a physical byte.</summary>
/// <param name="Address">The address.</param>
/// <param name="PageSize">Bytes of the page that maps it.</param>
/// <param name="Rights">What all levels together let through there.</param>
internal readonly record struct PageAlias(VirtualAddress Address, ulong PageSize, AccessRights Rights);
