using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>What becomes of a device's request for one address.</summary>
/// <param name="Context">The entry for the device.</param>
/// <param name="Address">The address.</param>
/// <param name="Walk">The way through the tables; null where none is walked.</param>
/// <param name="Physical">What the address translates to; null where nothing gets through.</param>
/// <param name="Rights">What the device may do there.</param>
/// <param name="Fault">Why nothing gets through; <see cref="DeviceFault.None"/> where something does.</param>
public sealed record DeviceTranslation(
    DeviceContext Context, IoVirtualAddress Address, AddressTranslation? Walk, PhysicalAddress? Physical, AccessRights Rights, DeviceFault Fault)
{
    /// <summary>Why a read or a write is refused; <see cref="DeviceFault.None"/> where it is not.</summary>
    /// <param name="write">A write, rather than a read.</param>
    public DeviceFault FaultOf(bool write)
    {
        if (Fault != DeviceFault.None)
        {
            return Fault;
        }

        AccessRights wanted = write ? AccessRights.Write : AccessRights.Read;
        return Rights.HasFlag(wanted) ? DeviceFault.None : write ? DeviceFault.NoWritePermission : DeviceFault.NoReadPermission;
    }
}
