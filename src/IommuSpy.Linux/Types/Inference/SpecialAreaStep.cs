namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// vm_area_struct.vm_ops, which every area with a file has and which leads into the kernel's image or a module, and vm_private_data, which leads from what the
/// kernel itself maps into processes to its name: "[vdso]".
/// </summary>
internal static class SpecialAreaStep
{
    private const int MaxOperations = 32;

    public static void Run(InferenceState state)
    {
        if (!state.Has("vm_area_struct", "vm_file"))
        {
            return;
        }

        int file = state.At("vm_area_struct", "vm_file");
        List<ulong> areas = state.AllAreas;
        List<int> offsets = FieldSearch.Words(state.Memory, areas, state.AreaBytes,
            (area, value, _) => value == 0 ? state.Read(area, file) == 0 : state.IsStatic(value));
        if (offsets.Count != 1)
        {
            state.Book.Refuse("vm_area_struct", "vm_ops",
                $"{offsets.Count} pointers of areas lead into the kernel's image or modules from every area with a file");
            return;
        }

        int operations = offsets[0];
        state.Book.Add("vm_area_struct", "vm_ops", operations, state.Book.PointerTo("vm_operations_struct"), areas.Count,
            "leads into the kernel's image or a module from every area with a file, and from others or is null");
        AreaPropertyStep.Offset(state, file, operations);

        List<ulong> special = [.. areas.Where(area => state.Read(area, file) == 0 && state.Read(area, operations) != 0)];
        List<int> data = FieldSearch.Words(state.Memory, special, state.AreaBytes,
            (_, value, _) => KernelBytes.LooksLikePointer(value) && IsName(state, state.Memory.WordOrZero(value)));
        if (data.Count == 1)
        {
            const string Invariant = "leads from every area without a file but with operations to a name in brackets";
            state.Book.Add("vm_area_struct", "vm_private_data", data[0], LayoutBook.Pointer, areas.Count, Invariant);
            state.Book.Add("vm_special_mapping", "name", 0, LayoutBook.Text, special.Count, Invariant);
        }
        else
        {
            state.Book.Refuse("vm_area_struct", "vm_private_data", $"{data.Count} pointers lead to the names of areas that the kernel maps itself");
        }

        int[] names = [.. Enumerable.Range(0, MaxOperations).Select(i => i * sizeof(ulong)).Where(offset =>
            special.Exists(area => DirectoryEntryStep.NameOf(state, state.Read(state.Read(area, operations), offset)) == "special_mapping_name"))];
        if (names.Length == 1)
        {
            state.Book.Add("vm_operations_struct", "name", names[0], LayoutBook.Pointer, special.Count, "special_mapping_name, by its symbol");
        }
    }

    private static bool IsName(InferenceState state, ulong text)
    {
        ReadOnlySpan<byte> bytes = text < 0xff00_0000_0000_0000 ? default : state.Memory.At(text, 16);
        return bytes.Length > 2 && bytes[0] == '[' && bytes.IndexOf("]\0"u8) > 0;
    }
}
