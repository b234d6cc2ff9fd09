using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>What an IOMMU's tables say of a device, for showing.</summary>
/// <param name="Device">The device, "0000:00:1f.2".</param>
/// <param name="Pasid">The PASID that it is about; null for requests without one.</param>
/// <param name="Mode">"translated", "pass-through", "blocked", "invalid".</param>
/// <param name="Domain">Domain ID.</param>
/// <param name="Format">Format of the tables: "second-stage", "first-stage", "nested", "v1", "v2".</param>
/// <param name="Root">Physical address of the top table.</param>
/// <param name="Levels">Levels of the tables.</param>
/// <param name="EntryAddress">Where the entry stands that says so.</param>
/// <param name="Entry">Its quadwords.</param>
/// <param name="DeviceTlb">Whether the device may translate itself (ATS).</param>
/// <param name="Problem">Why nothing gets through.</param>
public sealed record DeviceContextAnswer(
    string Device,
    int? Pasid,
    string Mode,
    int Domain,
    string? Format,
    PhysicalAddress? Root,
    int? Levels,
    PhysicalAddress EntryAddress,
    IReadOnlyList<HexValue> Entry,
    bool DeviceTlb,
    string? Problem)
{
    /// <summary>Who has the device for itself, by VFIO: "usermapping[279]"; null for nobody, or where that is not known.</summary>
    public string? Owner { get; init; }

    /// <summary>The answer of an entry.</summary>
    public static DeviceContextAnswer Of(DeviceContext context) => new(
        context.Requester.ToString(), context.Pasid, ModeText(context.Mode), context.Domain, context.Space is { } space ? FormatText(space.Format) : null,
        context.Space?.Root, context.Space?.Levels,
        context.EntryAddress, [.. context.Entry.Select(word => new HexValue(word))], context.DeviceTlb, context.Problem);

    /// <summary>A mode in words.</summary>
    public static string ModeText(DmaMode mode) => mode switch
    {
        DmaMode.Translated => "translated",
        DmaMode.PassThrough => "pass-through",
        DmaMode.Blocked => "blocked",
        _ => "invalid",
    };

    /// <summary>A format in words.</summary>
    public static string FormatText(IoTableFormat format) => format switch
    {
        IoTableFormat.VtdSecondStage => "second-stage",
        IoTableFormat.VtdFirstStage => "first-stage",
        IoTableFormat.AmdViHost => "v1",
        IoTableFormat.AmdViGuest => "v2",
        IoTableFormat.SmmuStage1 => "stage 1",
        IoTableFormat.SmmuStage2 => "stage 2",
        _ => "nested",
    };
}
