using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference;

/// <summary>
/// What the data tell of a kernel's types where nothing describes them: the structures hold only the fields that were pinned down. The size of a structure is 0
/// where it is not known. Immutable; safe to share between threads.
/// </summary>
public sealed class InferredTypes : KernelTypes
{
    private readonly Dictionary<string, StructType> _structs;
    private readonly Dictionary<string, long> _enumerators;
    private readonly Dictionary<string, KernelType> _others;

    internal InferredTypes(
        Dictionary<string, StructType> structs,
        Dictionary<string, KernelType> others,
        Dictionary<string, long> enumerators,
        IReadOnlyList<InferredField> evidence,
        IReadOnlyList<RefusedField> refusals)
    {
        _structs = structs;
        _others = others;
        _enumerators = enumerators;
        Evidence = evidence;
        Refusals = refusals;
    }

    /// <summary>Every field that was pinned down, and how, in the order in which they were found.</summary>
    public IReadOnlyList<InferredField> Evidence { get; }

    /// <summary>Every field that was looked for and refused.</summary>
    public IReadOnlyList<RefusedField> Refusals { get; }

    /// <inheritdoc/>
    public override string Origin => $"inferred from the data: {Evidence.Count} fields of {_structs.Count} structures";

    /// <inheritdoc/>
    public override IEnumerable<KernelType> Named => _structs.Values.Concat(_others.Values);

    /// <inheritdoc/>
    public override string AbsenceOf(string name)
    {
        string[] reasons =
            [.. Refusals.Where(refused => refused.Structure == name)
                .GroupBy(refused => refused.Reason, refused => refused.Name, (reason, names) => $"{string.Join(", ", names)}: {reason}",
                    StringComparer.Ordinal)];
        return base.AbsenceOf(name) + (reasons.Length > 0 ? $": {string.Join("; ", reasons)}" : "");
    }

    /// <summary>Infers what the data of a kernel tell.</summary>
    /// <exception cref="MissingTypeException">Not even the list of tasks could be followed: there is nothing to go on from.</exception>
    public static InferredTypes Infer(LinuxKernel kernel) => TypeInference.Run(kernel);

    /// <inheritdoc/>
    public override StructType? FindStruct(string tag) => _structs.GetValueOrDefault(tag);

    /// <inheritdoc/>
    public override KernelType? Find(string name) => _others.GetValueOrDefault(name);

    /// <inheritdoc/>
    public override long? FindEnumerator(string name) => _enumerators.TryGetValue(name, out long value) ? value : null;
}
