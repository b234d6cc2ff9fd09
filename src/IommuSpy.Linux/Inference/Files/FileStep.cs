using IommuSpy.Linux.Inference.Memory;

namespace IommuSpy.Linux.Inference.Files;

/// <summary>
/// vm_area_struct.vm_file and mm_struct.exe_file, struct file's path and inode, and how directory entries are named and nested. What a process runs is mapped
/// by it, so both lead to the same file; a file's directory entry leads to the inode that the file itself leads to, has a name of the length that it says, and
/// parents up to one that is its own.
/// </summary>
internal sealed class FileStep : InferenceStep<MemoryMaps, ProcessAreas, Part<ProcessLimits>, MappedFiles>
{
    private const int MaxFileBytes = 512;
    private const int MaxEntryBytes = 256;
    private const int MaxNameBytes = 255; // NAME_MAX
    private const int MaxDepth = 256;
    private const int NameAt = 8; // qstr: hash, length, pointer

    /// <inheritdoc/>
    public override string Subject => "the files that processes map";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_file", "mm_struct.exe_file", "file.f_path"];

    /// <inheritdoc/>
    public override Part<MappedFiles> Infer(InferenceContext context, MemoryMaps maps, ProcessAreas areas, Part<ProcessLimits> limits)
    {
        List<Shape> found = [];
        foreach ((int executable, int file) in Pairs(context, areas, limits))
        {
            List<ulong> files =
                [.. areas.All.Select(area => context.Read(area, file)).Concat(maps.All.Select(map => context.Read(map, executable)))
                    .Where(at => at != 0).Distinct()];
            found.AddRange(Shapes(context, executable, file, files));
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} pairs of pointers lead from each mm and one of its areas to the same file with a directory entry");
        }

        Shape shape = found[0];
        HashSet<ulong> directories = [];
        HashSet<ulong> entries = [.. shape.Files.Select(file => context.Read(file, shape.Entry))];
        foreach (ulong entry in entries.ToArray())
        {
            for (ulong at = entry, above = context.Read(at, shape.Parent); above != at; at = above, above = context.Read(at, shape.Parent))
            {
                entries.Add(above);
                directories.Add(above);
            }
        }

        LayoutBook book = context.Book;
        const string Mapped = "of every mm, the file of one of its areas; null in its stack";
        book.Add("mm_struct", "exe_file", shape.Executable, book.PointerTo("file"), maps.All.Count, Mapped);
        book.Add("vm_area_struct", "vm_file", shape.File, book.PointerTo("file"), areas.All.Count, Mapped);
        const string Entry = "leads to a directory entry whose inode is the file's, whose name is as long as it says, and whose parents end at one that "
            + "is its own";
        book.Declare("path", "dentry", sizeof(ulong), book.PointerTo("dentry"));
        book.Add("file", "f_path", shape.Entry - sizeof(ulong), book.Struct("path"), shape.Files.Count, Entry);
        book.Add("file", "f_inode", shape.Inode, book.PointerTo("inode"), shape.Files.Count, "the inode of the file's directory entry");
        book.Add("dentry", "d_inode", shape.EntryInode, book.PointerTo("inode"), entries.Count, "the inode of the file that leads to the entry");
        book.Add("dentry", "d_parent", shape.Parent, book.PointerTo("dentry"), entries.Count, "parents end at an entry that is its own");
        book.Declare("qstr", "len", sizeof(uint), LayoutBook.UnsignedInt);
        book.Declare("qstr", "name", NameAt, LayoutBook.Text);
        book.Add("dentry", "d_name", shape.Name, book.Struct("qstr"), entries.Count, "a length, and a pointer to a text of that length without a slash");
        return new MappedFiles(
            shape.Files, [.. entries], directories, shape.File, shape.Entry - sizeof(ulong), shape.Inode, shape.EntryInode, shape.Parent);
    }

    private static IEnumerable<(int Executable, int File)> Pairs(InferenceContext context, ProcessAreas areas, Part<ProcessLimits> limits)
    {
        KernelBytes memory = context.Memory;
        List<int> executables = FieldSearch.Words(memory, areas.Maps.All, areas.Maps.Bytes,
            (_, value, _) => memory.IsDirect(value) && value % sizeof(ulong) == 0);
        executables.RemoveAll(offset => offset == areas.List?.HeadAt || offset == areas.Maps.RootAt);
        List<ulong> stacks = limits.Value is { StackAt: int stackAt }
            ? [.. areas.Maps.All.Select(map => areas.At(context, map, context.Read(map, stackAt)))] : [];
        List<int> files = FieldSearch.Words(memory, areas.All, areas.Bytes,
            (_, value, _) => value == 0 || (memory.IsDirect(value) && value % sizeof(ulong) == 0));
        int[] known = areas.List is { } list ? [areas.MapAt, list.NextAt, list.PreviousAt] : [areas.MapAt];
        foreach (int file in files)
        {
            if (known.Contains(file) || stacks.Exists(stack => context.Read(stack, file) != 0))
            {
                continue;
            }

            Dictionary<ulong, HashSet<ulong>> mapped = areas.Of.ToDictionary(pair => pair.Key,
                pair => pair.Value.Select(area => context.Read(area, file)).ToHashSet());
            foreach (int executable in executables.Where(executable => areas.Maps.All.All(map => mapped[map].Contains(context.Read(map, executable)))))
            {
                yield return (executable, file);
            }
        }
    }

    private static IEnumerable<Shape> Shapes(InferenceContext context, int executable, int file, List<ulong> files)
    {
        KernelBytes memory = context.Memory;
        int fileBytes = FieldSearch.LeastDistance(files, MaxFileBytes);
        List<int> pointers = FieldSearch.Words(memory, files, fileBytes, (_, value, _) => memory.IsDirect(value) && value % sizeof(ulong) == 0);
        foreach (int entry in pointers)
        {
            List<ulong> entries = [.. files.Select(at => context.Read(at, entry)).Distinct()];
            List<int> names = FieldSearch.Words(memory, entries, MaxEntryBytes,
                (at, value, offset) => value >> 32 <= MaxNameBytes && HasName(memory, at, offset));
            foreach (int name in names)
            {
                List<int> parents = FieldSearch.Words(memory, entries, MaxEntryBytes, (at, value, offset) => EndsAtItself(memory, at, value, offset, name));
                int[] all = [.. parents];
                parents.RemoveAll(parent => all.Any(before => before < parent && IsNeighbour(memory, entries, parent - before, name, before)));
                if (parents.Count == 1 && names.Exists(before => before < name && (IsNeighbour(memory, entries, name - before, before, parents[0])
                    || (parents[0] >= name - before && IsNeighbour(memory, entries, name - before, before, parents[0] - (name - before))))))
                {
                    continue;
                }

                foreach (int inode in parents.Count == 1 ? pointers.Where(inode => inode != entry) : [])
                {
                    Dictionary<ulong, ulong> inodes = [];
                    bool same =
                        files.TrueForAll(at =>
                            inodes.TryAdd(context.Read(at, entry), context.Read(at, inode)) || inodes[context.Read(at, entry)] == context.Read(at, inode));
                    List<int> own = same ? FieldSearch.Words(memory, entries, MaxEntryBytes, (at, value, _) => value == inodes[at]) : [];
                    if (own.Count == 1)
                    {
                        yield return new(executable, file, entry, inode, own[0], name, parents[0], files);
                    }
                }
            }
        }
    }

    // Entries lie one behind the other: what holds for each holds one entry further on for all that have another behind them.
    private static bool IsNeighbour(KernelBytes memory, List<ulong> entries, int distance, int name, int parent) => entries.TrueForAll(entry =>
    {
        ulong next = entry + (ulong)distance;
        return HasName(memory, next, name) && EndsAtItself(memory, next, memory.WordOrZero(next + (ulong)parent), parent, name);
    });

    private static bool HasName(KernelBytes memory, ulong entry, int offset)
    {
        ulong length = memory.WordOrZero(entry + (ulong)offset) >> 32;
        ulong text = memory.WordOrZero(entry + (ulong)offset + NameAt);
        if (length > MaxNameBytes || text < 0xff00_0000_0000_0000)
        {
            return false;
        }

        ReadOnlySpan<byte> bytes = memory.At(text, (int)length + 1);
        return bytes.IndexOf((byte)0) == (int)length && length > 0 && (length == 1 || bytes[..(int)length].IndexOf((byte)'/') < 0 || IsPseudo(bytes));
    }

    // "dev/zero" is the name of what has none; only entries outside of all directories have such.
    private static bool IsPseudo(ReadOnlySpan<byte> name) => name.StartsWith("dev/zero"u8);

    private static bool EndsAtItself(KernelBytes memory, ulong entry, ulong above, int parent, int name)
    {
        ulong at = entry;
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            if (above == at)
            {
                return true;
            }

            if (!memory.IsDirect(above) || above % sizeof(ulong) != 0 || !HasName(memory, above, name))
            {
                return false;
            }

            at = above;
            above = memory.WordOrZero(at + (ulong)parent);
        }

        return false;
    }

    private sealed record Shape(int Executable, int File, int Entry, int Inode, int EntryInode, int Name, int Parent, List<ulong> Files);
}
