using IommuSpy.Analysis.Dma;

namespace IommuSpy.Analysis.Reach;

/// <summary>How many devices a machine has, by how much of memory they can get at.</summary>
/// <param name="Devices">All devices.</param>
/// <param name="Translated">By tables.</param>
/// <param name="PassThrough">All of it, let through by an IOMMU.</param>
/// <param name="Blocked">Devices whose requests are refused.</param>
/// <param name="NoIommu">All of it: no IOMMU is before them.</param>
public sealed record DeviceCounts(int Devices, int Translated, int PassThrough, int Blocked, int NoIommu)
{
    /// <summary>Counts the devices of a machine.</summary>
    public static DeviceCounts Of(IReadOnlyList<MachineDevice> devices)
    {
        int count(params ReadOnlySpan<DeviceAccess> which)
        {
            int found = 0;
            foreach (MachineDevice device in devices)
            {
                found += which.Contains(device.Access) ? 1 : 0;
            }

            return found;
        }

        return new(
            devices.Count, count(DeviceAccess.Translated), count(DeviceAccess.PassThrough), count(DeviceAccess.Blocked, DeviceAccess.Invalid),
            count(DeviceAccess.NoIommu));
    }
}
