namespace IommuSpy.Memory;

/// <summary>A note of an ELF file (gABI, "Note Section").</summary>
/// <param name="Name">Who defines the type: "CORE", "QEMU", "VMCOREINFO".</param>
/// <param name="Type">What the descriptor is, by the name's owner.</param>
/// <param name="Descriptor">The bytes.</param>
public sealed record ElfNote(string Name, uint Type, ReadOnlyMemory<byte> Descriptor);
