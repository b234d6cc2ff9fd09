using IommuSpy.Memory;

namespace IommuSpy.Analysis.Watch;

/// <summary>What the devices of one IOMMU domain had mapped at the end of an interval, and what changed in it.</summary>
/// <param name="Devices">The devices: "0000:00:02.0"; empty for a domain that nobody was attached to when watching began.</param>
/// <param name="Drivers">Their drivers.</param>
/// <param name="DomainObject">The kernel's struct iommu_domain; null where it could not be read.</param>
/// <param name="MappedBytes">Bytes of I/O virtual addresses that translate.</param>
/// <param name="Mappings">How many mappings these are, as they were made; pages that were mapped before watching began count by themselves.</param>
/// <param name="Maps">Mappings made in the interval; counted by pages, and at least so many, where tables were compared.</param>
/// <param name="Unmaps">Unmappings in the interval; likewise.</param>
/// <param name="MapsPerSecond">The rate.</param>
/// <param name="UnmapsPerSecond">The rate.</param>
/// <param name="OldestSeconds">Age of the oldest mapping; where it was there before watching began, the time since then; null where nothing is mapped.</param>
/// <param name="OldestIsFromBefore">Whether it was there before watching began: then it is at least that old.</param>
/// <param name="OldestIova">Where it is.</param>
/// <param name="CorrectedBytes">
/// Bytes that the tables had mapped, or had not, at the end of the interval other than events told, and that were taken from the tables.
/// 0 where tables were compared.
/// </param>
public sealed record WatchRow(
    IReadOnlyList<string> Devices,
    IReadOnlyList<string> Drivers,
    VirtualAddress? DomainObject,
    ulong MappedBytes,
    int Mappings,
    long Maps,
    long Unmaps,
    double MapsPerSecond,
    double UnmapsPerSecond,
    double? OldestSeconds,
    bool OldestIsFromBefore,
    IoVirtualAddress? OldestIova,
    ulong CorrectedBytes);
