namespace IommuSpy.Memory.Formats.Xen;

/// <summary>Where a section says that its bytes are; they may lie outside the file.</summary>
/// <param name="Offset">File offset.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct CoreSection(ulong Offset, ulong Length);
