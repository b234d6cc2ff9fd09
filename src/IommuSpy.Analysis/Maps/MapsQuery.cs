using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Maps;

/// <summary>Which mappings of a space are asked for.</summary>
/// <param name="Root">The top table; null for the kernel's own.</param>
/// <param name="First">First address; leaves that reach into the range count.</param>
/// <param name="Last">Last address, inclusive.</param>
/// <param name="Rights">Only what has all of these.</param>
/// <param name="SingleLeaves">Each leaf by itself, rather than equal neighbours merged.</param>
public sealed record MapsQuery(
    PhysicalAddress? Root = null,
    VirtualAddress First = default,
    VirtualAddress? Last = null,
    AccessRights Rights = AccessRights.None,
    bool SingleLeaves = false);
