namespace IommuSpy.Linux.Inference.Memory;

/// <summary>The areas of processes: every vm_area_struct.</summary>
/// <param name="Maps">What they belong to.</param>
/// <param name="Of">The areas of each mm, in order of address.</param>
/// <param name="Bytes">More than which no vm_area_struct has: the least distance between two of them.</param>
/// <param name="StartAt">vm_area_struct.vm_start.</param>
/// <param name="EndAt">vm_area_struct.vm_end.</param>
/// <param name="MapAt">vm_area_struct.vm_mm.</param>
internal sealed record ProcessAreas(MemoryMaps Maps, Dictionary<ulong, List<ulong>> Of, int Bytes, int StartAt, int EndAt, int MapAt)
{
    /// <summary>Where they are on a list: mm_struct.mmap, vm_area_struct.vm_next, vm_prev; null where they are in a tree.</summary>
    public (int HeadAt, int NextAt, int PreviousAt)? List { get; init; }

    /// <summary>Every area of every mm.</summary>
    public List<ulong> All { get; } = [.. Of.Values.SelectMany(areas => areas)];

    /// <summary>The area of an mm that an address lies in; 0 where none is.</summary>
    public ulong At(InferenceContext context, ulong map, ulong address) =>
        Of[map].Find(area => address >= context.Read(area, StartAt) && address < context.Read(area, EndAt));
}
