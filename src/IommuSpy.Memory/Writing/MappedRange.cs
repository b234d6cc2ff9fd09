namespace IommuSpy.Memory.Writing;

/// <summary>Physical memory that is mapped in one piece.</summary>
/// <param name="Virtual">Virtual address of the first byte.</param>
/// <param name="Physical">The memory.</param>
public readonly record struct MappedRange(VirtualAddress Virtual, PhysicalRange Physical);
