using IommuSpy.Linux.Inference.Files;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>vm_area_struct.vm_private_data, which leads from what the kernel itself maps into processes to its name: "[vdso]".</summary>
internal sealed class SpecialAreaStep : InferenceStep<ProcessAreas, MappedFiles, AreaOperations, FieldsOnly>
{
    private const int MaxOperations = 32;

    /// <inheritdoc/>
    public override string Subject => "the names of areas that the kernel maps itself";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_private_data"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, ProcessAreas areas, MappedFiles files, AreaOperations operations)
    {
        List<ulong> special = [.. areas.All.Where(area => context.Read(area, files.OfAreaAt) == 0 && context.Read(area, operations.TableAt) != 0)];
        List<int> data = FieldSearch.Words(context.Memory, special, areas.Bytes,
            (_, value, _) => KernelBytes.LooksLikePointer(value) && IsName(context, context.Memory.WordOrZero(value)));
        if (data.Count == 1)
        {
            const string Invariant = "leads from every area without a file but with operations to a name in brackets";
            context.Book.Add("vm_area_struct", "vm_private_data", data[0], LayoutBook.Pointer, areas.All.Count, Invariant);
            context.Book.Add("vm_special_mapping", "name", 0, LayoutBook.Text, special.Count, Invariant);
        }
        else
        {
            context.Book.Refuse("vm_area_struct", "vm_private_data", $"{data.Count} pointers lead to the names of areas that the kernel maps itself");
        }

        int[] names = [.. Enumerable.Range(0, MaxOperations).Select(i => i * sizeof(ulong)).Where(offset =>
            special.Exists(area => context.FunctionName(context.Read(context.Read(area, operations.TableAt), offset)) == "special_mapping_name"))];
        if (names.Length == 1)
        {
            context.Book.Add("vm_operations_struct", "name", names[0], LayoutBook.Pointer, special.Count, "special_mapping_name, by its symbol");
        }

        return FieldsOnly.Done;
    }

    private static bool IsName(InferenceContext context, ulong text)
    {
        ReadOnlySpan<byte> bytes = text < 0xff00_0000_0000_0000 ? default : context.Memory.At(text, 16);
        return bytes.Length > 2 && bytes[0] == '[' && bytes.IndexOf("]\0"u8) > 0;
    }
}
