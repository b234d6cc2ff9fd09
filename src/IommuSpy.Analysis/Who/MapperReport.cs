using IommuSpy.Analysis.Reverse;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Who;

/// <summary>A user address of a physical page.</summary>
/// <param name="Root">The process's top table.</param>
/// <param name="Address">The address in that space.</param>
/// <param name="Rights">"user rw-".</param>
/// <param name="PageSize">Bytes of the page that maps it.</param>
public sealed record MapperReport(PhysicalAddress Root, VirtualAddress Address, string Rights, ulong PageSize)
{
    internal static MapperReport Of(PageMapper mapper, ulong within) => new(mapper.Root!.Value, mapper.Address + within, RightsText.Of(mapper.Rights), mapper.PageSize);
}
