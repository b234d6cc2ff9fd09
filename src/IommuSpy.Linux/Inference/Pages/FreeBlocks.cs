namespace IommuSpy.Linux.Inference.Pages;

/// <summary>Free blocks of zones.</summary>
/// <param name="LinkAt">page.lru, which links them.</param>
/// <param name="KeptTypes">MIGRATE_PCPTYPES: of how many types CPUs keep lists; 0 where that is not known.</param>
internal sealed record FreeBlocks(int LinkAt, int KeptTypes);
