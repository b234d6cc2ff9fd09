namespace IommuSpy.Linux.Inference.Files;

/// <summary>The file systems that the known directory entries are of.</summary>
/// <param name="InUse">Their super_blocks.</param>
/// <param name="OfEntryAt">dentry.d_sb.</param>
/// <param name="OfInodeAt">inode.i_sb.</param>
/// <param name="RootAt">super_block.s_root.</param>
internal sealed record SuperBlocks(HashSet<ulong> InUse, int OfEntryAt, int OfInodeAt, int RootAt);
