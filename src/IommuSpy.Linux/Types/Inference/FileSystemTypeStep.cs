namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// super_block.s_type, which leads to what begins with the name of the type of a file system (include/linux/fs.h). Every kernel has super_blocks of some types.
/// </summary>
internal static class FileSystemTypeStep
{
    private const int MaxSuperBytes = 512;
    private const int MaxNameLength = 32;
    private static readonly string[] Everywhere = ["bdev", "proc", "sysfs"];

    public static void Run(InferenceState state)
    {
        if (state.Supers.Count == 0)
        {
            return;
        }

        List<int> offsets = FieldSearch.Words(state.Memory, state.Supers, MaxSuperBytes,
            (_, value, _) => state.IsStatic(value) && NameOf(state, value) is not null);
        offsets.RemoveAll(offset => !Everywhere.All(name => state.Supers.Exists(super => NameOf(state, state.Read(super, offset)) == name)));
        if (offsets.Count == 1)
        {
            const string Invariant = "leads from every super_block into the kernel's image or a module, to a name; bdev, proc and sysfs are among them";
            state.Book.Add("super_block", "s_type", offsets[0], state.Book.PointerTo("file_system_type"), state.Supers.Count, Invariant);
            state.Book.Add("file_system_type", "name", 0, LayoutBook.Text, state.Supers.Count, Invariant);
        }
        else
        {
            state.Book.Refuse("super_block", "s_type", $"{offsets.Count} pointers of all super_blocks lead to names of file systems");
        }
    }

    private static string? NameOf(InferenceState state, ulong type) =>
        state.Memory.WordOrZero(type) is ulong name && KernelBytes.LooksLikeAddress(name) && state.Text(name) is { Length: <= MaxNameLength } text
            && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')
            ? text
            : null;
}
