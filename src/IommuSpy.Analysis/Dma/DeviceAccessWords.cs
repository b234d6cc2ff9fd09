namespace IommuSpy.Analysis.Dma;

/// <summary>The words for a device's access.</summary>
public static class DeviceAccessWords
{
    /// <summary>"translated", "pass-through", "blocked", "invalid", "no IOMMU".</summary>
    public static string Words(this DeviceAccess access) => access switch
    {
        DeviceAccess.Translated => "translated",
        DeviceAccess.PassThrough => "pass-through",
        DeviceAccess.Blocked => "blocked",
        DeviceAccess.Invalid => "invalid",
        _ => "no IOMMU",
    };

    /// <summary>Whether nothing restricts the device.</summary>
    public static bool IsUnrestricted(this DeviceAccess access) => access is DeviceAccess.PassThrough or DeviceAccess.NoIommu;
}
