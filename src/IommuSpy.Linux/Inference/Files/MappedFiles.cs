namespace IommuSpy.Linux.Inference.Files;

/// <summary>The files that processes map or run, and their places in directories.</summary>
/// <param name="All">Every such struct file.</param>
/// <param name="Entries">The directory entries of those files, and all above them.</param>
/// <param name="Directories">Those of them that are directories: another is below them.</param>
/// <param name="OfAreaAt">vm_area_struct.vm_file.</param>
/// <param name="PathAt">file.f_path, which ends with the directory entry.</param>
/// <param name="InodeAt">file.f_inode.</param>
/// <param name="EntryInodeAt">dentry.d_inode.</param>
/// <param name="ParentAt">dentry.d_parent.</param>
internal sealed record MappedFiles(
    List<ulong> All, List<ulong> Entries, HashSet<ulong> Directories, int OfAreaAt, int PathAt, int InodeAt, int EntryInodeAt, int ParentAt)
{
    private const int MostEntryBytes = 256;

    /// <summary>Where in struct file the directory entry is: path.dentry of file.f_path.</summary>
    public int EntryAt => PathAt + sizeof(ulong);

    /// <summary>The inode of a directory entry.</summary>
    public ulong InodeOf(InferenceContext context, ulong entry) => context.Read(entry, EntryInodeAt);

    /// <summary>More than which no dentry has: the least distance between two of them, the roots of file systems among them where those are known.</summary>
    public int EntryBytes(InferenceContext context, Part<SuperBlocks> supers, Part<SuperBlockList> list) => FieldSearch.LeastDistance(
        supers.Value is { } of && list.Value is { } all
            ? Entries.Concat(all.All.Select(super => context.Read(super, of.RootAt)).Where(root => root != 0)).Distinct()
            : Entries,
        MostEntryBytes);
}
