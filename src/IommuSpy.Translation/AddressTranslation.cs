using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>One address's way through the tables.</summary>
/// <param name="Address">The address that was translated.</param>
/// <param name="Root">Physical address of the top table.</param>
/// <param name="Levels">Depth of the table.</param>
/// <param name="Steps">The entries read, from the top; empty where even the top table could not be read.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Physical">What the address translates to; null where it does not.</param>
/// <param name="PageSize">Bytes of the page it falls in: 4096, 2 MiB, 1 GiB; 0 where there is none.</param>
/// <param name="Rights">What all levels together let through.</param>
public sealed record AddressTranslation(
    ulong Address,
    PhysicalAddress Root,
    int Levels,
    IReadOnlyList<TranslationStep> Steps,
    TranslationOutcome Outcome,
    PhysicalAddress? Physical,
    ulong PageSize,
    AccessRights Rights)
{
    /// <summary>The entry that decided: the leaf, or the one that was not usable. Null where no entry was read.</summary>
    public TranslationStep? Last => Steps.Count > 0 ? Steps[^1] : null;
}
