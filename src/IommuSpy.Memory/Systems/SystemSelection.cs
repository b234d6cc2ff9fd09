namespace IommuSpy.Memory.Systems;

/// <summary>Which of a machine's files are worth keeping with an image: what its memory does not say, or says in another way.</summary>
internal static class SystemSelection
{
    private const int MostTableBytes = 1 << 20;
    // Where tables are, what the unit can do and whether it works stands in the first 256 bytes of either (VT-d specification, 11.4; AMD 48882, 3.4).
    private const int RegisterBytes = 256;
    private const string PciDevices = "sys/bus/pci/devices";
    private const string IommuClass = "sys/class/iommu";
    private const string Groups = "sys/kernel/iommu_groups";
    private const string AcpiTables = "sys/firmware/acpi/tables";

    private static readonly string[] Whole =
    [
        "proc/version", "proc/cmdline", "proc/iomem", "proc/ioports", "proc/kallsyms", "proc/modules", "proc/cpuinfo", "proc/meminfo", "proc/stat",
        "proc/uptime", "proc/swaps",
        "proc/sys/kernel/osrelease", "proc/sys/kernel/hostname", "proc/sys/kernel/random/boot_id", "sys/kernel/vmcoreinfo", "sys/kernel/security/lockdown",
    ];

    private static readonly string[] OfFunction = ["vendor", "device", "subsystem_vendor", "subsystem_device", "class", "revision", "resource", "config",
        "enable", "numa_node"];
    private static readonly string[] LinksOfFunction = ["driver", "iommu_group", "iommu", "physfn"];
    private static readonly string[] OfUnit = ["address", "cap", "ecap", "features", "version", "domains_supported", "domains_used"];

    /// <summary>Reads the files of the selection.</summary>
    internal static RecordedFiles Of(SystemFiles files)
    {
        Dictionary<string, byte[]> kept = new(StringComparer.Ordinal);
        Dictionary<string, string> links = new(StringComparer.Ordinal);
        Dictionary<PhysicalAddress, byte[]> registers = [];
        void Keep(string path, int most = SystemFiles.MostBytes)
        {
            if (files.Read(path) is byte[] { Length: > 0 } bytes && bytes.Length <= most)
            {
                kept[path] = bytes;
            }
        }

        void KeepLink(string path)
        {
            if (files.Link(path) is string target)
            {
                links[path] = target;
            }
        }

        foreach (string path in Whole)
        {
            Keep(path);
        }

        foreach (string table in files.Names(AcpiTables).Where(name => name.Length == 4 && name is not "DSDT"))
        {
            Keep($"{AcpiTables}/{table}", MostTableBytes);
        }

        foreach (string function in files.Names(PciDevices))
        {
            Array.ForEach(OfFunction, name => Keep($"{PciDevices}/{function}/{name}", MostTableBytes));
            KeepLink($"{PciDevices}/{function}");
            Array.ForEach(LinksOfFunction, name => KeepLink($"{PciDevices}/{function}/{name}"));
        }

        foreach (string group in files.Names(Groups))
        {
            Keep($"{Groups}/{group}/type");
            Keep($"{Groups}/{group}/reserved_regions");
            foreach (string device in files.Names($"{Groups}/{group}/devices"))
            {
                KeepLink($"{Groups}/{group}/devices/{device}");
            }
        }

        foreach (string unit in files.Names(IommuClass))
        {
            foreach (string kind in (string[])["intel-iommu", "amd-iommu"])
            {
                Array.ForEach(OfUnit, name => Keep($"{IommuClass}/{unit}/{kind}/{name}"));
            }
        }

        foreach (IomemEntry unit in IomemEntry.Parse(files.Text("proc/iomem") ?? "")
            .Where(entry => entry.Name == "amd_iommu" || entry.Name.StartsWith("dmar", StringComparison.Ordinal)))
        {
            if (files.Registers(unit.Range.Start, RegisterBytes) is byte[] bytes)
            {
                registers[unit.Range.Start] = bytes;
            }
        }

        return new(files.Origin, kept, links, registers);
    }
}
