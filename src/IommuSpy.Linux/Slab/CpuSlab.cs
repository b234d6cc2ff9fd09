namespace IommuSpy.Linux.Slab;

/// <summary>What a CPU keeps of a slab for itself.</summary>
/// <param name="Cpu">The CPU's number.</param>
/// <param name="FreeList">The first free object of its own list; 0 for none.</param>
internal readonly record struct CpuSlab(int Cpu, ulong FreeList);
