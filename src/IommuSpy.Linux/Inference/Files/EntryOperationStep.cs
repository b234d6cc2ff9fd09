namespace IommuSpy.Linux.Inference.Files;

/// <summary>dentry.d_op, and the functions that name what no directory holds.</summary>
internal sealed class EntryOperationStep : InferenceStep<MappedFiles, Part<SuperBlocks>, Part<SuperBlockList>, FieldsOnly>
{
    private const int MaxOperations = 24;
    private const string NameFunction = "_dname"; // simple_dname, pipefs_dname...

    /// <inheritdoc/>
    public override string Subject => "the operations of directory entries";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["dentry.d_op"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, MappedFiles files, Part<SuperBlocks> supers, Part<SuperBlockList> list)
    {
        // Some entries have none; those that have lead into the kernel's image or a module.
        List<int> offsets = FieldSearch.Words(context.Memory, files.Entries, files.EntryBytes(context, supers, list),
            (_, value, _) => value == 0 || context.IsStatic(value));
        List<(int Operations, int Name)> found = [];
        foreach (int offset in offsets)
        {
            foreach (int name in Enumerable.Range(0, MaxOperations).Select(i => i * sizeof(ulong)))
            {
                ulong[] tables = [.. files.Entries.Select(entry => context.Read(entry, offset)).Where(table => table != 0).Distinct()];
                if (tables.Any(table => context.FunctionName(context.Read(table, name))?.EndsWith(NameFunction, StringComparison.Ordinal) == true))
                {
                    found.Add((offset, name));
                }
            }
        }

        if (found.Count == 1)
        {
            const string Invariant = "none, or a table of functions, of which one that names an entry is listed in kallsyms";
            context.Book.Add("dentry", "d_op", found[0].Operations, context.Book.PointerTo("dentry_operations"), files.Entries.Count, Invariant);
            context.Book.Add("dentry_operations", "d_dname", found[0].Name, LayoutBook.Pointer, files.Entries.Count, Invariant);
            return FieldsOnly.Done;
        }

        return Part.Absent($"{found.Count} pointers lead to functions that name entries");
    }
}
