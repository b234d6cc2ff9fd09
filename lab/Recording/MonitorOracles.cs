using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>What QEMU says about a stopped guest, each answer in a file of its own.</summary>
internal static class MonitorOracles
{
    // VT-d: 0x230 bytes of registers in words. AMD-Vi: control and base registers, and the command and event pointers at 0x2000.
    private static readonly string[] VtdRegisters = ["xp /140wx 0xfed90000"];
    private static readonly string[] AmdViRegisters = ["xp /64gx 0xfed80000", "xp /8gx 0xfed82000"];

    public static void Write(QmpClient monitor, CaptureSpec spec, string oracle)
    {
        (string File, string[] Commands)[] questions =
        [
            ("registers.txt", ["info registers -a"]),
            ("tlb.txt", ["info tlb"]),
            ("mtree.txt", ["info mtree -f"]),
            ("pci.txt", ["info pci"]),
            .. spec.Iommu switch
            {
                IommuModel.Intel or IommuModel.IntelScalable => [("vtd-registers.txt", VtdRegisters)],
                IommuModel.Amd => [("amdvi-registers.txt", AmdViRegisters)],
                _ => Array.Empty<(string, string[])>(),
            },
        ];
        foreach ((string file, string[] commands) in questions)
        {
            File.WriteAllText(Path.Combine(oracle, file), string.Concat(commands.Select(monitor.ExecuteHuman)));
        }
    }
}
