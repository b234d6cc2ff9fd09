namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>Where a kernel keeps kallsyms_seqs_of_names.</summary>
public enum SequencesPlace
{
    None,
    AfterMarkers,
    AfterTokenIndex,
    AfterAddresses,
}
