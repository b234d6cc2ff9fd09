using IommuSpy.Memory;

namespace IommuSpy.Linux.Zones;

/// <summary>A NUMA node (struct pglist_data).</summary>
/// <param name="Id">Its number.</param>
/// <param name="Address">Where its pglist_data is.</param>
/// <param name="Zones">Its zones that have memory, in order of address.</param>
public sealed record MemoryNode(int Id, VirtualAddress Address, IReadOnlyList<MemoryZone> Zones);
