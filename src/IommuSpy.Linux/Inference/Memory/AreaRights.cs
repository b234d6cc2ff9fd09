namespace IommuSpy.Linux.Inference.Memory;

/// <summary>What an area allows.</summary>
/// <param name="FlagsAt">vm_area_struct.vm_flags.</param>
internal sealed record AreaRights(int FlagsAt);
