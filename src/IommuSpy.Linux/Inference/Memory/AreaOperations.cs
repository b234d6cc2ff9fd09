namespace IommuSpy.Linux.Inference.Memory;

/// <summary>What the kernel calls of an area.</summary>
/// <param name="TableAt">vm_area_struct.vm_ops.</param>
internal sealed record AreaOperations(int TableAt);
