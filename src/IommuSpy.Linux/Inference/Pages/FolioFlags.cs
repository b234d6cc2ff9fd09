namespace IommuSpy.Linux.Inference.Pages;

/// <summary>What tells the order of a compound page.</summary>
/// <param name="FlagsAt">folio._flags_1; null where compound_order tells the order.</param>
internal sealed record FolioFlags(int? FlagsAt);
