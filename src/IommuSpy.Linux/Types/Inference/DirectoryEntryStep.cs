using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>dentry.d_hash, which tells entries that were removed, and the functions that name what no directory holds.</summary>
internal static class DirectoryEntryStep
{
    private const int MaxEntryBytes = 256;
    private const int MaxInodeBytes = 1024;
    private const int MaxOperations = 24;
    private const string NameFunction = "_dname"; // simple_dname, pipefs_dname...

    public static void Run(InferenceState state)
    {
        if (state.Entries.Count == 0)
        {
            return;
        }

        Hash(state);
        Operations(state);
    }

    // A member of a hash chain leads back to what leads to it, whose lowest bit may be the chain's lock. So does a name of an inode, from inside of that inode.
    private static void Hash(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        int inode = state.At("dentry", "d_inode");
        int parent = state.At("dentry", "d_parent");
        List<int> offsets = FieldSearch.Words(memory, state.Entries, EntryBytes(state), (entry, value, offset) =>
            value == 0 || (offset >= 8 && KernelBytes.LooksLikePointer(value) && (memory.WordOrZero(value) & ~1UL) == entry + (ulong)offset - 8));

        // Circular lists have the same back links, and no end.
        offsets.RemoveAll(offset => !state.Entries.Exists(entry => state.Read(entry, offset) != 0 && state.Read(entry, offset - 8) == 0)
            || state.Entries.Exists(entry => state.Read(entry, offset) - state.Read(entry, inode) < MaxInodeBytes));

        // Since 6.8 children hang on such a chain too: each is linked from its parent or from another child of it.
        offsets.RemoveAll(offset => state.Entries.TrueForAll(entry => state.Read(entry, offset) is not (ulong link and not 0)
            || link - state.Read(entry, parent) < MaxEntryBytes || state.Read(link - (ulong)offset + 8, parent) == state.Read(entry, parent)));
        // Where the entries that are known lie far apart, what follows each may be another entry, with a hash chain of its own.
        offsets.RemoveAll(offset => offsets.Exists(before => before < offset && AreOfNeighbours(state, offset, offset - before)));
        if (offsets.Count == 1)
        {
            state.Book.Declare("hlist_bl_node", "next", 0, state.Book.PointerTo("hlist_bl_node"));
            state.Book.Declare("hlist_bl_node", "pprev", 8, LayoutBook.Pointer);
            state.Book.Add("dentry", "d_hash", offsets[0] - 8, state.Book.Struct("hlist_bl_node"), state.Entries.Count,
                "in no chain, or in one that ends and whose back links lead to what leads there, outside of the entry's inode and parent");
        }
        else
        {
            state.Book.Refuse("dentry", "d_hash", $"{offsets.Count} offsets link entries into chains outside of their inodes");
        }
    }

    private static bool AreOfNeighbours(InferenceState state, int offset, int distance) => state.Has("dentry", "d_sb")
        && state.Entries.TrueForAll(entry =>
            state.Read(entry, offset) == 0 || state.Supers.Contains(state.Read(entry + (ulong)distance, state.At("dentry", "d_sb"))));

    private static int EntryBytes(InferenceState state) => FieldSearch.LeastDistance(
        state.Has("super_block", "s_root")
            ? state.Entries.Concat(state.Supers.Select(super => state.Read(super, state.At("super_block", "s_root"))).Where(root => root != 0)).Distinct()
            : state.Entries,
        MaxEntryBytes);

    private static void Operations(InferenceState state)
    {
        // Some entries have none; those that have lead into the kernel's image or a module.
        List<int> offsets = FieldSearch.Words(state.Memory, state.Entries, EntryBytes(state), (_, value, _) => value == 0 || state.IsStatic(value));
        List<(int Operations, int Name)> found = [];
        foreach (int offset in offsets)
        {
            foreach (int name in Enumerable.Range(0, MaxOperations).Select(i => i * sizeof(ulong)))
            {
                ulong[] tables = [.. state.Entries.Select(entry => state.Read(entry, offset)).Where(table => table != 0).Distinct()];
                if (tables.Any(table => NameOf(state, state.Read(table, name))?.EndsWith(NameFunction, StringComparison.Ordinal) == true))
                {
                    found.Add((offset, name));
                }
            }
        }

        if (found.Count == 1)
        {
            const string Invariant = "none, or a table of functions, of which one that names an entry is listed in kallsyms";
            state.Book.Add("dentry", "d_op", found[0].Operations, state.Book.PointerTo("dentry_operations"), state.Entries.Count, Invariant);
            state.Book.Add("dentry_operations", "d_dname", found[0].Name, LayoutBook.Pointer, state.Entries.Count, Invariant);
        }
        else
        {
            state.Book.Refuse("dentry", "d_op", $"{found.Count} pointers lead to functions that name entries");
        }
    }

    /// <summary>The name of a function in the kernel's image; null for what is none.</summary>
    public static string? NameOf(InferenceState state, ulong address) =>
        state.Kernel.Text.Contains(new(address)) && state.Kernel.Kallsyms?.Symbols.At(new(address)) is SymbolOffset { Offset: 0 } symbol ? symbol.Symbol.Name
            : null;
}
