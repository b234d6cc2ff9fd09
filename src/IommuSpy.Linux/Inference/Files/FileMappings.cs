namespace IommuSpy.Linux.Inference.Files;

/// <summary>What keeps the pages of files.</summary>
/// <param name="Files">The files.</param>
/// <param name="MappingAt">file.f_mapping.</param>
internal sealed record FileMappings(MappedFiles Files, int MappingAt);
