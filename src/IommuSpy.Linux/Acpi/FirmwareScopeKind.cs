namespace IommuSpy.Linux.Acpi;

/// <summary>What kind of device firmware means.</summary>
public enum FirmwareScopeKind
{
    /// <summary>One PCI function.</summary>
    Endpoint,

    /// <summary>A PCI bridge and everything behind it.</summary>
    Bridge,

    /// <summary>An I/O APIC.</summary>
    IoApic,

    /// <summary>A timer that can send interrupts itself.</summary>
    Hpet,

    /// <summary>A device that ACPI alone knows.</summary>
    AcpiDevice,

    /// <summary>Every function from one to another.</summary>
    Range,

    /// <summary>Every function of the segment.</summary>
    All,

    /// <summary>A kind that is not known here.</summary>
    Other,
}
