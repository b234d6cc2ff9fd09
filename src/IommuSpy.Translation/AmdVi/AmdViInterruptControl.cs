namespace IommuSpy.Translation.AmdVi;

/// <summary>What AMD-Vi does with a device's fixed and arbitrated interrupts (AMD 48882, 2.2.2.1: IV and IntCtl).</summary>
public enum AmdViInterruptControl
{
    /// <summary>Refuses them.</summary>
    Refused,

    /// <summary>Forwards them as they are.</summary>
    Forwarded,

    /// <summary>Remaps them by the device's table.</summary>
    Remapped,

    /// <summary>The value is reserved.</summary>
    Reserved,

    /// <summary>Forwards them as they are, since the device has no interrupt table (IV is 0).</summary>
    NotRemapped,
}
