using IommuSpy.Memory;

namespace IommuSpy.Linux.Discovery;

/// <summary>A page that has the shape of a top-level table of a Linux kernel.</summary>
/// <param name="Address">The page.</param>
/// <param name="Levels">4 or 5.</param>
/// <param name="EntryMask">Clears the C-bit from entries; all ones where there is none.</param>
/// <param name="Text">The kernel image that it maps.</param>
internal sealed record RootCandidate(PhysicalAddress Address, int Levels, ulong EntryMask, TextMapping Text);
