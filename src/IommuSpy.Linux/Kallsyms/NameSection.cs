namespace IommuSpy.Linux.Kallsyms;

/// <summary>Where num_syms, names and markers lie in an image; every marker has been checked against the names.</summary>
/// <param name="CountOffset">Byte offset of kallsyms_num_syms.</param>
/// <param name="Count">Number of symbols.</param>
/// <param name="NamesOffset">Byte offset of kallsyms_names.</param>
/// <param name="NamesLength">Bytes of kallsyms_names, without padding.</param>
/// <param name="MarkersOffset">Byte offset of kallsyms_markers.</param>
/// <param name="MarkerSize">Bytes of a marker: 4 or 8.</param>
/// <param name="TwoByteLengths">Whether a length byte with bit 7 set is the first of two.</param>
/// <param name="HasLongNames">Whether any length byte has bit 7 set, so that the above was tested at all.</param>
internal sealed record NameSection(
    int CountOffset, int Count, int NamesOffset, int NamesLength, int MarkersOffset, int MarkerSize, bool TwoByteLengths, bool HasLongNames);
