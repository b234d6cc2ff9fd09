using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>One mapping of a page frame.</summary>
/// <param name="Root">Top table of the space; null for the kernel's half, which all share.</param>
/// <param name="Address">Where the frame's first byte is mapped.</param>
/// <param name="PageSize">Bytes of the page that maps it: 4 KiB, 2 MiB or 1 GiB.</param>
/// <param name="Rights">What all levels together let through.</param>
public readonly record struct PageMapper(PhysicalAddress? Root, VirtualAddress Address, ulong PageSize, AccessRights Rights);
