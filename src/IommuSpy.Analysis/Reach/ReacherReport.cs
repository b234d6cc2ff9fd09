using IommuSpy.Analysis.Dma;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Reach;

/// <summary>A device that can get at a physical byte through its IOMMU's tables.</summary>
/// <param name="Device">The device.</param>
/// <param name="Driver">Its driver; null for none, or where that is not known.</param>
/// <param name="Pasid">With requests of this PASID; null for those without.</param>
/// <param name="Iova">At which of its addresses.</param>
/// <param name="Rights">"rw", "r" or "w".</param>
/// <param name="PageSize">Bytes that the entry maps.</param>
/// <param name="Domain">Domain ID of its entry.</param>
/// <param name="DomainType">The kernel's word for the domain: "DMA-FQ", "unmanaged"...</param>
public sealed record ReacherReport(
    string Device, string? Driver, int? Pasid, IoVirtualAddress Iova, string Rights, ulong PageSize, int Domain, string? DomainType)
{
    /// <summary>Who has the device for itself, by VFIO: "usermapping[279]"; null for nobody, or where that is not known.</summary>
    public string? Owner { get; init; }

    /// <summary>Describes a device that reaches a page.</summary>
    /// <param name="reacher">The device, and where the byte's page is for it.</param>
    /// <param name="within">The byte in its page.</param>
    public static ReacherReport Of(DeviceReacher reacher, ulong within) => new(
        reacher.Device.Address.ToString(),
        reacher.Device.Function?.Driver,
        reacher.Pasid,
        reacher.Address + within,
        DeviceRights.Letters(reacher.Rights),
        reacher.PageSize,
        reacher.Domain,
        reacher.Device.Group?.Domain?.SysfsName)
    {
        Owner = reacher.Device.Owner?.ToString(),
    };
}
