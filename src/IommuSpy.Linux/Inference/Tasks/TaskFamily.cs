namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>How tasks name their parents.</summary>
/// <param name="RealParentAt">task_struct.real_parent.</param>
internal sealed record TaskFamily(int RealParentAt);
