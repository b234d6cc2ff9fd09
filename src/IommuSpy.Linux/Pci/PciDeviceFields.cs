using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Pci;

/// <summary>The fields of struct pci_dev that are read (include/linux/pci.h), of the struct device in it, and of what that leads to.</summary>
internal sealed class PciDeviceFields
{
    public PciDeviceFields(KernelTypes types)
    {
        StructType device = types.Struct("pci_dev");
        BusList = device.Field("bus_list");
        DeviceFunction = device.Field("devfn");
        Vendor = device.Field("vendor");
        DeviceId = device.Field("device");
        Class = device.Field("class");
        Device = device.Field("dev");
        SubsystemVendor = device.Find("subsystem_vendor");
        SubsystemDevice = device.Find("subsystem_device");
        Revision = device.Find("revision");
        HeaderType = device.Find("hdr_type");
        ExpressCapability = device.Find("pcie_cap");
        ExpressFlags = device.Find("pcie_flags_reg");
        Subordinate = device.Find("subordinate");
        IsBusMaster = device.Find("is_busmaster");
        MsiEnabled = device.Find("msi_enabled");
        MsixEnabled = device.Find("msix_enabled");
        AtsEnabled = device.Find("ats_enabled");
        PasidEnabled = device.Find("pasid_enabled");
        PriEnabled = device.Find("pri_enabled");
        IsPhysicalFunction = device.Find("is_physfn");
        IsVirtualFunction = device.Find("is_virtfn");
        PhysicalFunction = device.Find("physfn");
        IsUntrusted = device.Find("untrusted");
        DmaMask = device.Find("dma_mask");
        CoherentDmaMask = device.Find("dev.coherent_dma_mask");
        Flags = device.Find("dev_flags");
        AliasMask = device.Find("dma_alias_mask");
        AliasFunction = device.Find("dma_alias_devfn");
        Resources = device.Find("resource");
        ResourceStart = types.FindField("resource", "start");
        ResourceEnd = types.FindField("resource", "end");
        ResourceFlags = types.FindField("resource", "flags");
        Name = device.Find("dev.kobj.name");
        Driver = device.Find("dev.driver");
        DriverName = types.FindField("device_driver", "name");
        Group = device.Find("dev.iommu_group");
        GroupId = types.FindField("iommu_group", "id");
        Iommu = device.Find("dev.iommu", "dev.iommu_param");
        IommuUnit = types.FindField("dev_iommu", "iommu_dev");
        IommuPrivate = types.FindField("dev_iommu", "priv");
        ArchitectureIommu = device.Find("dev.archdata.iommu");
        FirmwareSpec = types.FindField("dev_iommu", "fwspec");
        DeviceFirmwareSpec = device.Find("dev.iommu_fwspec");
        FirmwareIdCount = types.FindField("iommu_fwspec", "num_ids");
        FirmwareIds = types.FindField("iommu_fwspec", "ids");
    }

    public Field BusList { get; }

    public Field DeviceFunction { get; }

    public Field Vendor { get; }

    public Field DeviceId { get; }

    public Field Class { get; }

    public Field Device { get; }

    public Field? SubsystemVendor { get; }

    public Field? SubsystemDevice { get; }

    public Field? Revision { get; }

    public Field? HeaderType { get; }

    public Field? ExpressCapability { get; }

    public Field? ExpressFlags { get; }

    public Field? Subordinate { get; }

    public Field? IsBusMaster { get; }

    public Field? MsiEnabled { get; }

    public Field? MsixEnabled { get; }

    public Field? AtsEnabled { get; }

    public Field? PasidEnabled { get; }

    public Field? PriEnabled { get; }

    public Field? IsPhysicalFunction { get; }

    public Field? IsVirtualFunction { get; }

    public Field? PhysicalFunction { get; }

    public Field? IsUntrusted { get; }

    public Field? DmaMask { get; }

    public Field? CoherentDmaMask { get; }

    public Field? Flags { get; }

    /// <summary>Since 4.7: a pointer to 256 bits.</summary>
    public Field? AliasMask { get; }

    /// <summary>Before 4.7: one function, where the flag PCI_DEV_FLAGS_DMA_ALIAS_DEVFN is set.</summary>
    public Field? AliasFunction { get; }

    public Field? Resources { get; }

    public Field? ResourceStart { get; }

    public Field? ResourceEnd { get; }

    public Field? ResourceFlags { get; }

    public Field? Name { get; }

    public Field? Driver { get; }

    public Field? DriverName { get; }

    public Field? Group { get; }

    public Field? GroupId { get; }

    public Field? Iommu { get; }

    public Field? IommuUnit { get; }

    public Field? IommuPrivate { get; }

    /// <summary>Before 5.9.</summary>
    public Field? ArchitectureIommu { get; }

    public Field? FirmwareSpec { get; }

    /// <summary>Before 5.1.</summary>
    public Field? DeviceFirmwareSpec { get; }

    public Field? FirmwareIdCount { get; }

    public Field? FirmwareIds { get; }
}
