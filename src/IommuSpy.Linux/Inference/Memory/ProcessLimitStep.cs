namespace IommuSpy.Linux.Inference.Memory;

/// <summary>What mm_struct says of code, data, heap, stack, arguments and environment.</summary>
internal sealed class ProcessLimitStep : InferenceStep<ProcessAreas, ProcessLimits>
{
    private static readonly string[] Limits =
    [
        "start_code", "end_code", "start_data", "end_data", "start_brk", "brk", "start_stack", "arg_start", "arg_end", "env_start", "env_end",
    ];

    /// <inheritdoc/>
    public override string Subject => "the limits of processes";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["mm_struct.start_stack"];

    // Eleven words in a row, declared so since long before 3.16.
    /// <inheritdoc/>
    public override Part<ProcessLimits> Infer(InferenceContext context, ProcessAreas areas)
    {
        List<int> offsets = FieldSearch.Words(context.Memory, areas.Maps.All, areas.Maps.Bytes - (Limits.Length * sizeof(ulong)), (map, value, offset) =>
            value != 0 && (long)value > 0 && IsLayout(context, areas, map, offset));
        if (offsets.Count != 1)
        {
            return Part.Absent($"{offsets.Count} runs of eleven words could be the limits of code, data, heap, stack, arguments and environment");
        }

        for (int i = 0; i < Limits.Length; i++)
        {
            context.Book.Add("mm_struct", Limits[i], offsets[0] + (i * sizeof(ulong)), LayoutBook.UnsignedLong, areas.Maps.All.Count,
                "the only run of eleven ascending pairs whose stack, arguments and environment lie in order in one area and whose code begins in another",
                InferenceConfidence.DeclarationOrder);
        }

        return new ProcessLimits(offsets[0] + (Array.IndexOf(Limits, "start_stack") * sizeof(ulong)));
    }

    private static bool IsLayout(InferenceContext context, ProcessAreas areas, ulong map, int offset)
    {
        Span<ulong> words = stackalloc ulong[Limits.Length];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = context.Read(map, offset + (i * sizeof(ulong)));
            if ((long)words[i] <= 0)
            {
                return false;
            }
        }

        return words[0] < words[1] && words[2] <= words[3] && words[4] <= words[5]
            && words[6] <= words[7] && words[7] <= words[8] && words[8] <= words[9] && words[9] <= words[10]
            && areas.At(context, map, words[6]) is ulong stack && stack != 0 && areas.At(context, map, words[10] - 1) == stack
            && areas.At(context, map, words[0]) is ulong code && code != 0 && code != stack;
    }
}
