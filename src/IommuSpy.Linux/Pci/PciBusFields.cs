using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Pci;

/// <summary>The fields of struct pci_bus that are read (include/linux/pci.h); the same names since 3.16.</summary>
internal sealed class PciBusFields
{
    public PciBusFields(KernelTypes types)
    {
        StructType bus = types.Struct("pci_bus");
        Node = bus.Field("node");
        Children = bus.Field("children");
        Devices = bus.Field("devices");
        Self = bus.Field("self");
        Number = bus.Find("number");
        Name = bus.Find("dev.kobj.name");
        Last = bus.Find("busn_res.end");
        SystemData = bus.Find("sysdata");

        // arch/x86/include/asm/pci.h; what drivers put there instead (VMD) begins with it.
        Domain = types.FindField("pci_sysdata", "domain");
    }

    public Field Node { get; }

    public Field Children { get; }

    public Field Devices { get; }

    public Field Self { get; }

    public Field? Number { get; }

    /// <summary>"0000:00": domain and number.</summary>
    public Field? Name { get; }

    public Field? Last { get; }

    public Field? SystemData { get; }

    public Field? Domain { get; }
}
