using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>What an IOMMU's tables say of one device, or of one PASID of it.</summary>
/// <param name="Requester">The device, as it signs its requests.</param>
/// <param name="Pasid">The process address space ID that it is about; null for requests without one.</param>
/// <param name="Mode">What happens to its requests.</param>
/// <param name="Domain">Domain ID: devices with the same tables share it, and so the IOMMU's cache.</param>
/// <param name="Space">The tables; null unless <see cref="DmaMode.Translated"/>.</param>
/// <param name="Granted">What gets through by the device's own entry.</param>
/// <param name="EntryAddress">Where the entry stands that says so: VT-d's context entry or PASID entry, AMD-Vi's device table entry.</param>
/// <param name="Entry">Its quadwords; empty where the image lacks it.</param>
/// <param name="DeviceTlb">Whether the device may ask for translations and keep them (ATS).</param>
/// <param name="Problem">Why nothing gets through; null where something does.</param>
public sealed record DeviceContext(
    RequesterId Requester,
    int? Pasid,
    DmaMode Mode,
    int Domain,
    IoAddressSpace? Space,
    AccessRights Granted,
    PhysicalAddress EntryAddress,
    IReadOnlyList<ulong> Entry,
    bool DeviceTlb,
    string? Problem)
{
    /// <summary>Whether writes to some addresses are interrupts and no access to memory: <see cref="IoAddressSpace.IsInterruptAddress"/>.</summary>
    public bool HasInterruptAddresses { get; init; } = true;

    /// <summary>What becomes of a request for an address.</summary>
    public DeviceTranslation Translate(IoVirtualAddress address)
    {
        if (HasInterruptAddresses && IoAddressSpace.IsInterruptAddress(address) && Mode != DmaMode.Invalid && Pasid is null)
        {
            return new(this, address, null, null, AccessRights.None, DeviceFault.InterruptAddress);
        }

        switch (Mode)
        {
            case DmaMode.PassThrough:
                return new(this, address, null, new(address.Value), Granted, DeviceFault.None);
            case DmaMode.Translated when Space is not null:
                AddressTranslation walk = Space.Translate(address);
                DeviceFault fault = walk.Outcome switch
                {
                    TranslationOutcome.Mapped => walk.Rights == AccessRights.None ? DeviceFault.NoPermission : DeviceFault.None,
                    TranslationOutcome.ReservedBits => DeviceFault.ReservedBits,
                    TranslationOutcome.TableOutsideImage => DeviceFault.TableOutsideImage,
                    TranslationOutcome.NonCanonical => DeviceFault.NonCanonical,
                    TranslationOutcome.BeyondWidth => DeviceFault.BeyondWidth,
                    TranslationOutcome.LevelSkipped => DeviceFault.LevelSkipped,
                    _ => DeviceFault.NotPresent,
                };
                return new(this, address, walk, fault == DeviceFault.None ? walk.Physical : null, walk.Rights, fault);
            case DmaMode.Invalid:
                return new(this, address, null, null, AccessRights.None, DeviceFault.InvalidContext);
            default:
                return new(this, address, null, null, AccessRights.None, DeviceFault.Blocked);
        }
    }
}
