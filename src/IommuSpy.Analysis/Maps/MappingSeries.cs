namespace IommuSpy.Analysis.Maps;

/// <summary>
/// A mapping, and how often the same physical memory is mapped alike again at a constant distance, as the kernel maps its 65,536 aliases of an espfix stack.
/// </summary>
/// <param name="First">The mapping at the lowest address.</param>
/// <param name="Count">How many there are, the first among them; 1 for a mapping that is not repeated.</param>
/// <param name="Stride">Bytes from the start of one to the start of the next; 0 for a mapping that is not repeated.</param>
public readonly record struct MappingSeries(Mapping First, long Count, ulong Stride);
