using IommuSpy.Analysis.Wording;

namespace IommuSpy;

/// <summary>A run of virtual memory that page tables map alike: neighbours merged that differ in nothing but where they are in physical memory.</summary>
/// <param name="Virtual">The virtual address at which it begins.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Physical">The physical address of its first byte.</param>
/// <param name="IsContiguous">Whether it is one run of physical memory.</param>
/// <param name="PageSize">Bytes of each of its pages.</param>
/// <param name="Rights">What all levels of tables together let through: "kernel rw-", "user r-x".</param>
/// <param name="Region">Which region of the kernel's virtual memory map it is in.</param>
public sealed record Mapping(ulong Virtual, ulong Bytes, ulong Physical, bool IsContiguous, ulong PageSize, string Rights, string Region)
{
    internal static Mapping Of(in Analysis.Maps.Mapping mapping) => new(mapping.Virtual.Value, mapping.Length, mapping.Physical.Value,
        mapping.PhysicalRuns == 1, mapping.PageSize, RightsText.Of(mapping.Rights), mapping.Region);
}
