namespace IommuSpy.Linux.Inference.Files;

/// <summary>dentry.d_hash, which tells entries that were removed.</summary>
internal sealed class EntryHashStep : InferenceStep<MappedFiles, Part<SuperBlocks>, Part<SuperBlockList>, FieldsOnly>
{
    private const int MaxEntryBytes = 256;
    private const int MaxInodeBytes = 1024;

    /// <inheritdoc/>
    public override string Subject => "the hash chains of directory entries";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["dentry.d_hash"];

    // A member of a hash chain leads back to what leads to it, whose lowest bit may be the chain's lock. So does a name of an inode, from inside of that inode.
    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, MappedFiles files, Part<SuperBlocks> supers, Part<SuperBlockList> list)
    {
        KernelBytes memory = context.Memory;
        int inode = files.EntryInodeAt;
        int parent = files.ParentAt;
        List<int> offsets = FieldSearch.Words(memory, files.Entries, files.EntryBytes(context, supers, list), (entry, value, offset) =>
            value == 0 || (offset >= 8 && KernelBytes.LooksLikePointer(value) && (memory.WordOrZero(value) & ~1UL) == entry + (ulong)offset - 8));

        // Circular lists have the same back links, and no end.
        offsets.RemoveAll(offset => !files.Entries.Exists(entry => context.Read(entry, offset) != 0 && context.Read(entry, offset - 8) == 0)
            || files.Entries.Exists(entry => context.Read(entry, offset) - context.Read(entry, inode) < MaxInodeBytes));

        // Since 6.8 children hang on such a chain too: each is linked from its parent or from another child of it.
        offsets.RemoveAll(offset => files.Entries.TrueForAll(entry => context.Read(entry, offset) is not (ulong link and not 0)
            || link - context.Read(entry, parent) < MaxEntryBytes || context.Read(link - (ulong)offset + 8, parent) == context.Read(entry, parent)));
        // Where the entries that are known lie far apart, what follows each may be another entry, with a hash chain of its own.
        offsets.RemoveAll(offset => offsets.Exists(before => before < offset && AreOfNeighbours(context, files, supers, list, offset, offset - before)));
        if (offsets.Count == 1)
        {
            context.Book.Declare("hlist_bl_node", "next", 0, context.Book.PointerTo("hlist_bl_node"));
            context.Book.Declare("hlist_bl_node", "pprev", 8, LayoutBook.Pointer);
            context.Book.Add("dentry", "d_hash", offsets[0] - 8, context.Book.Struct("hlist_bl_node"), files.Entries.Count,
                "in no chain, or in one that ends and whose back links lead to what leads there, outside of the entry's inode and parent");
            return FieldsOnly.Done;
        }

        return Part.Absent($"{offsets.Count} offsets link entries into chains outside of their inodes");
    }

    private static bool AreOfNeighbours(
        InferenceContext context, MappedFiles files, Part<SuperBlocks> supers, Part<SuperBlockList> list, int offset,
        int distance) => supers.Value is { OfEntryAt: int superAt }
        && files.Entries.TrueForAll(entry =>
            context.Read(entry, offset) == 0 || list.Value?.All.Contains(context.Read(entry + (ulong)distance, superAt)) == true);
}
