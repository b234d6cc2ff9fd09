using IommuSpy.Linux.Inference.Files;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>vm_area_struct.vm_ops, which every area with a file has and which leads into the kernel's image or a module.</summary>
internal sealed class AreaOperationStep : InferenceStep<ProcessAreas, MappedFiles, AreaOperations>
{
    /// <inheritdoc/>
    public override string Subject => "the operations of areas";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_ops"];

    /// <inheritdoc/>
    public override Part<AreaOperations> Infer(InferenceContext context, ProcessAreas areas, MappedFiles files)
    {
        List<int> offsets = FieldSearch.Words(context.Memory, areas.All, areas.Bytes,
            (area, value, _) => value == 0 ? context.Read(area, files.OfAreaAt) == 0 : context.IsStatic(value));
        if (offsets.Count != 1)
        {
            return Part.Absent($"{offsets.Count} pointers of areas lead into the kernel's image or modules from every area with a file");
        }

        int operations = offsets[0];
        context.Book.Add("vm_area_struct", "vm_ops", operations, context.Book.PointerTo("vm_operations_struct"), areas.All.Count,
            "leads into the kernel's image or a module from every area with a file, and from others or is null");
        return new AreaOperations(operations);
    }
}
