namespace IommuSpy.Linux.Inference.Files;

/// <summary>file.f_mapping, inode.i_mapping and i_data: what keeps a file's pages names its host, which leads back.</summary>
internal sealed class FileMappingStep : InferenceStep<MappedFiles, FileMappings>
{
    private const int MaxInodeBytes = 1024;

    /// <inheritdoc/>
    public override string Subject => "what keeps the pages of files";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["file.f_mapping"];

    // A file leads to an address_space, which begins with its host, an inode that leads back to it. The host is the file's inode but for devices.
    /// <inheritdoc/>
    public override Part<FileMappings> Infer(InferenceContext context, MappedFiles files)
    {
        int inode = files.InodeAt;
        int entry = files.EntryAt;
        List<(int File, int Inode)> found = [];
        foreach (int offset in FieldSearch.Words(context.Memory, files.All, FieldSearch.LeastDistance(files.All, 512), (_, value, offset) =>
            offset != inode && offset != entry && context.Memory.IsDirect(value) && value % 8 == 0 && context.Memory.IsDirect(context.Read(value, 0))))
        {
            if (!files.All.Exists(file => context.Read(context.Read(file, offset), 0) == context.Read(file, inode)))
            {
                continue;
            }

            Dictionary<ulong, ulong> spaces = [];
            files.All.ForEach(file => spaces[context.Read(context.Read(file, offset), 0)] = context.Read(file, offset));
            found.AddRange(FieldSearch.Words(context.Memory, [.. spaces.Keys], MaxInodeBytes, (host, value, _) => value == spaces[host])
                .Select(own => (offset, own)));
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} pointers of files lead to something that begins with an inode that leads back");
        }

        const string Invariant = "a file's address_space begins with an inode, which leads back to it";
        (int mapping, int ofInode) = found[0];
        context.Book.Add("address_space", "host", 0, context.Book.PointerTo("inode"), files.All.Count, Invariant);
        context.Book.Add("file", "f_mapping", mapping, context.Book.PointerTo("address_space"), files.All.Count, Invariant);
        context.Book.Add("inode", "i_mapping", ofInode, context.Book.PointerTo("address_space"), files.All.Count, Invariant);
        ulong[] distances = [.. files.All.Select(file => context.Read(file, mapping)).Select(space => space - context.Read(space, 0)).Distinct()];
        if (distances is [< MaxInodeBytes])
        {
            context.Book.Add("inode", "i_data", (int)distances[0], context.Book.Struct("address_space"), files.All.Count,
                "where in each inode the address_space lies that it leads to");
        }

        return new FileMappings(files, mapping);
    }
}
