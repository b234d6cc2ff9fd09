namespace IommuSpy.Linux.Inference.Files;

/// <summary>Every file system.</summary>
/// <param name="All">Every super_block on the list of all.</param>
internal sealed record SuperBlockList(List<ulong> All);
