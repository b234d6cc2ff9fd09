namespace IommuSpy.Linux.Inference.Files;

/// <summary>
/// The file systems of directory entries: dentry.d_sb and inode.i_sb lead to the same super_block, whose s_root is an entry of it that is its own parent.
/// </summary>
internal sealed class SuperBlockStep : InferenceStep<MappedFiles, SuperBlocks>
{
    private const int MaxEntryBytes = 256;
    private const int MaxInodeBytes = 1024;
    private const int MaxSuperBytes = 2048;

    /// <inheritdoc/>
    public override string Subject => "the file systems of directory entries";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["dentry.d_sb", "inode.i_sb"];

    /// <inheritdoc/>
    public override Part<SuperBlocks> Infer(InferenceContext context, MappedFiles files)
    {
        KernelBytes memory = context.Memory;
        int parent = files.ParentAt;
        List<int> ofEntries = FieldSearch.Words(memory, files.Entries, MaxEntryBytes,
            (entry, value, _) => memory.IsDirect(value) && value % 8 == 0 && value != entry && value != files.InodeOf(context, entry));
        List<(int Entry, int Inode, int Root)> found = [];
        foreach (int ofEntry in ofEntries)
        {
            Dictionary<ulong, ulong> supers = [];
            foreach (ulong entry in files.Entries)
            {
                supers[files.InodeOf(context, entry)] = context.Read(entry, ofEntry);
            }

            foreach (int ofInode in FieldSearch.Words(memory, [.. supers.Keys], MaxInodeBytes, (inode, value, _) => value == supers[inode]))
            {
                found.AddRange(FieldSearch.Words(memory, [.. supers.Values.Distinct()], MaxSuperBytes, (super, value, _) =>
                    memory.IsDirect(value) && context.Read(value, ofEntry) == super && context.Read(value, parent) == value)
                    .Select(root => (ofEntry, ofInode, root)));
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} pairs of pointers lead from each directory entry and its inode to the same super_block with a root");
        }

        (int sb, int isb, int root) = found[0];
        const string Invariant = "entry and inode lead to the same super_block, whose root is an entry of it and its own parent";
        context.Book.Add("dentry", "d_sb", sb, context.Book.PointerTo("super_block"), files.Entries.Count, Invariant);
        context.Book.Add("inode", "i_sb", isb, context.Book.PointerTo("super_block"), files.Entries.Count, Invariant);
        HashSet<ulong> known = [.. files.Entries.Select(entry => context.Read(entry, sb))];
        context.Book.Add("super_block", "s_root", root, context.Book.PointerTo("dentry"), known.Count, Invariant);
        return new SuperBlocks(known, sb, isb, root);
    }
}
