using IommuSpy.Linux.Paging;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Translate;

/// <summary>An entry that hardware does not use, as Linux wrote it.</summary>
/// <param name="Kind">"empty", "protNone", "swap", "migration"...</param>
/// <param name="SwapType">The type field; null for entries without one.</param>
/// <param name="SwapOffset">The offset field; null for entries without one.</param>
/// <param name="Pfn">The frame that it still holds; null where it holds none.</param>
public sealed record NotPresentReport(NonPresentKind Kind, int? SwapType, ulong? SwapOffset, PageFrame? Pfn)
{
    /// <summary>The report of an entry.</summary>
    public static NotPresentReport Of(NonPresentEntry entry) => new(entry.Kind, entry.Type, entry.Offset, entry.Frame);
}
