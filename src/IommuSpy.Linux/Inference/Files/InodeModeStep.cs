namespace IommuSpy.Linux.Inference.Files;

/// <summary>inode.i_mode, by which entries have others below them.</summary>
internal sealed class InodeModeStep : InferenceStep<MappedFiles, InodeModes>
{
    private const int MaxInodeBytes = 1024;
    private const ulong TypeMask = 0xf000; // S_IFMT
    private const ulong Directory = 0x4000; // S_IFDIR

    /// <inheritdoc/>
    public override string Subject => "what kind of file an inode is";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["inode.i_mode"];

    /// <inheritdoc/>
    public override Part<InodeModes> Infer(InferenceContext context, MappedFiles files)
    {
        HashSet<ulong> directories = [.. files.Directories.Select(entry => files.InodeOf(context, entry))];
        List<ulong> inodes = [.. files.Entries.Select(entry => files.InodeOf(context, entry)).Distinct()];
        List<int> offsets = FieldSearch.HalfWords(context.Memory, inodes, FieldSearch.LeastDistance(inodes, MaxInodeBytes), (inode, value, _) =>
            ((value & TypeMask) == Directory) == directories.Contains(inode) && (value & TypeMask) is 0 or 0x2000 or Directory or 0x6000 or 0x8000);
        if (offsets.Count == 1 && directories.Count > 0)
        {
            context.Book.Add("inode", "i_mode", offsets[0], LayoutBook.UnsignedShort, inodes.Count,
                "says directory in exactly those inodes below which others are");
            return new InodeModes(offsets[0]);
        }

        return Part.Absent($"{offsets.Count} offsets say which inodes are directories");
    }
}
