using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>One set of tables, and the devices that go through it.</summary>
/// <param name="Space">The tables.</param>
/// <param name="Users">The devices, each with the entry that leads there.</param>
/// <param name="MappedBytes">Bytes of I/O virtual addresses that the tables let through.</param>
/// <param name="IsWhole">Whether all tables were read.</param>
public sealed record ReachSpace(IoAddressSpace Space, IReadOnlyList<ReachUser> Users, ulong MappedBytes, bool IsWhole);
