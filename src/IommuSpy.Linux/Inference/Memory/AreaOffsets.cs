namespace IommuSpy.Linux.Inference.Memory;

/// <summary>Where in its file an area begins.</summary>
/// <param name="PageAt">vm_area_struct.vm_pgoff.</param>
internal sealed record AreaOffsets(int PageAt);
