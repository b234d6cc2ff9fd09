namespace IommuSpy.Linux.Inference.Files;

/// <summary>What kind of file an inode is.</summary>
/// <param name="ModeAt">inode.i_mode.</param>
internal sealed record InodeModes(int ModeAt);
