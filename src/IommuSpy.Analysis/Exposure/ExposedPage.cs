using IommuSpy.Analysis.Dma;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A page that tables let devices at.</summary>
/// <param name="Frame">The page.</param>
/// <param name="Space">The tables.</param>
/// <param name="Address">Where it is for the devices.</param>
/// <param name="Rights">What they may do there.</param>
/// <param name="Facts">What it is.</param>
public readonly record struct ExposedPage(PageFrame Frame, ReachSpace Space, IoVirtualAddress Address, AccessRights Rights, PageFacts Facts)
{
    /// <summary>Whether devices may write it.</summary>
    public bool IsWritable => (Rights & AccessRights.Write) != AccessRights.None;

    /// <summary>Whether it is at its physical address: no buffer of a driver's, but a range that firmware or the kernel maps one to one.</summary>
    public bool IsOneToOne => Address.Value == Frame.Address.Value;
}
