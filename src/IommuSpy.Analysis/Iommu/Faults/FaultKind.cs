namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>What an IOMMU's event is about.</summary>
public enum FaultKind
{
    /// <summary>A device's request for memory was refused by the tables.</summary>
    Translation,

    /// <summary>A device's interrupt was refused; page tables have no part in it.</summary>
    Interrupt,

    /// <summary>A command that software gave the IOMMU failed; no request was refused.</summary>
    Command,

    /// <summary>The IOMMU could not read its own tables or commands; no request was refused by them.</summary>
    Hardware,

    /// <summary>The entry that says how a device is translated holds what hardware does not accept.</summary>
    Configuration,

    /// <summary>A device asked for what it is not allowed to ask for at all.</summary>
    DeviceRequest,
}
