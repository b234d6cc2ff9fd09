namespace IommuSpy.Linux.AddressSpaces;

/// <summary>Where a process's heap and first stack are. Null where the description of types does not tell.</summary>
/// <param name="HeapStart">mm_struct.start_brk.</param>
/// <param name="HeapEnd">mm_struct.brk.</param>
/// <param name="StackStart">mm_struct.start_stack.</param>
internal readonly record struct HeapAndStack(ulong? HeapStart, ulong? HeapEnd, ulong? StackStart);
