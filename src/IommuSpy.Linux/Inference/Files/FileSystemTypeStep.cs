namespace IommuSpy.Linux.Inference.Files;

/// <summary>
/// super_block.s_type, which leads to what begins with the name of the type of a file system (include/linux/fs.h). Every kernel has super_blocks of some types.
/// </summary>
internal sealed class FileSystemTypeStep : InferenceStep<SuperBlockList, FieldsOnly>
{
    private const int MaxSuperBytes = 512;
    private const int MaxNameLength = 32;
    private static readonly string[] Everywhere = ["bdev", "proc", "sysfs"];

    /// <inheritdoc/>
    public override string Subject => "the types of file systems";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["super_block.s_type"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, SuperBlockList supers)
    {
        List<int> offsets = FieldSearch.Words(context.Memory, supers.All, MaxSuperBytes,
            (_, value, _) => context.IsStatic(value) && NameOf(context, value) is not null);
        offsets.RemoveAll(offset => !Everywhere.All(name => supers.All.Exists(super => NameOf(context, context.Read(super, offset)) == name)));
        if (offsets.Count == 1)
        {
            const string Invariant = "leads from every super_block into the kernel's image or a module, to a name; bdev, proc and sysfs are among them";
            context.Book.Add("super_block", "s_type", offsets[0], context.Book.PointerTo("file_system_type"), supers.All.Count, Invariant);
            context.Book.Add("file_system_type", "name", 0, LayoutBook.Text, supers.All.Count, Invariant);
            return FieldsOnly.Done;
        }

        return Part.Absent($"{offsets.Count} pointers of all super_blocks lead to names of file systems");
    }

    private static string? NameOf(InferenceContext context, ulong type) =>
        context.Memory.WordOrZero(type) is ulong name && KernelBytes.LooksLikeAddress(name) && context.Text(name) is { Length: <= MaxNameLength } text
            && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')
            ? text
            : null;
}
