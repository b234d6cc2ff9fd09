using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>The tables by which an IOMMU looks up a device. Safe to share between threads.</summary>
public interface IDeviceTables
{
    /// <summary>Where they begin.</summary>
    PhysicalAddress Root { get; }

    /// <summary>The entry for a device's requests.</summary>
    /// <param name="requester">The device.</param>
    /// <param name="pasid">For requests with this process address space ID; null for those without.</param>
    DeviceContext ContextOf(RequesterId requester, int? pasid = null);

    /// <summary>
    /// Every entry that says anything, in order of device and PASID: those that are not present, or that the tables' unused entries equal, are left out.
    /// </summary>
    /// <param name="limitReached">Whether there are more than could be followed.</param>
    IReadOnlyList<DeviceContext> Contexts(out bool limitReached);
}
