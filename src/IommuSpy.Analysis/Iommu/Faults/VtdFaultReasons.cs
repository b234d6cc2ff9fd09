namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>VT-d's fault reasons (VT-d specification, 7.2.3 and appendix A), where a line has the number alone.</summary>
internal static class VtdFaultReasons
{
    /// <summary>An interrupt request in compatibility format, which names no entry.</summary>
    public const int CompatibilityFormat = 0x25;

    /// <summary>What a refused request for memory is about: what a device's own entry holds, or the hardware's access to a table, or the address.</summary>
    public static FaultKind Kind(int reason) => reason switch
    {
        // Invalid or reserved contents of root, context, PASID directory and PASID entries.
        0x03 or 0x08 or 0x09 or 0x0a or 0x0b or 0x30 or 0x3a or 0x42 or 0x43 or 0x48 or 0x52 or 0x5a or 0x5b => FaultKind.Configuration,

        // The access to such an entry, or to a page table, failed.
        0x38 or 0x40 or 0x50 or 0x58 or 0x70 or 0x73 or 0x78 => FaultKind.Hardware,
        _ => FaultKind.Translation,
    };

    /// <summary>A number in words; null for one that is not known here.</summary>
    public static string? Text(int reason) => reason switch
    {
        0x01 => "the root entry is not present",
        0x02 => "the context entry is not present",
        0x03 => "the context entry is invalid",
        0x04 => "the address is beyond what the tables translate",
        0x05 => "no write permission",
        0x06 => "no read permission",
        0x07 => "a table's address is invalid",
        0x08 => "the root table's address is invalid",
        0x09 => "the context table's address is invalid",
        0x0a => "reserved bits in the root entry",
        0x0b => "reserved bits in the context entry",
        0x0c => "reserved bits in a page-table entry",
        0x0d => "translated requests are blocked",
        0x20 => "the interrupt request has reserved bits",
        0x21 => "the interrupt index is beyond the table",
        0x22 => "the interrupt remapping entry is not present",
        0x23 => "the interrupt remapping table could not be read",
        0x24 => "reserved bits in the interrupt remapping entry",
        CompatibilityFormat => "an interrupt in compatibility format is blocked",
        0x26 => "the interrupt's source does not match its entry",
        _ => null,
    };
}
