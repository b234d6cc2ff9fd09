namespace IommuSpy.Linux.Pci;

/// <summary>What a range of a PCI function is.</summary>
public enum PciResourceKind
{
    /// <summary>One of its base address registers.</summary>
    Bar,

    /// <summary>Its expansion ROM.</summary>
    Rom,

    /// <summary>Where the BARs of its virtual functions are.</summary>
    VirtualFunctionBar,

    /// <summary>What a bridge passes on to the bus behind it.</summary>
    BridgeWindow,

    /// <summary>
    /// Of what is no bridge, in the place of a bridge's windows: registers that no BAR tells of, which the kernel knows of this chipset (drivers/pci/quirks.c,
    /// quirk_io_region).
    /// </summary>
    Chipset,
}
