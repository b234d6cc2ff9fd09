using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>What QEMU says about a stopped guest, each answer in a file of its own.</summary>
internal static class MonitorOracles
{
    // VT-d: 0x230 bytes of registers in words. AMD-Vi: control and base registers, and the command and event pointers at 0x2000.
    private static readonly string[] VtdRegisters = ["xp /140wx 0xfed90000"];
    private static readonly string[] AmdViRegisters = ["xp /64gx 0xfed80000", "xp /8gx 0xfed82000"];


    // One register a read: QEMU answers 0 for those of 4 bytes where it is asked for 8. IDR0 to IDR5, CR0 to CR2, GBPA, GERROR, the bases of stream table and
    // queues, and where the event queue stands, which is on the next page but fifteen.
    private static readonly string[] SmmuRegisters =
    [
        .. new[] { 0x0, 0x4, 0x8, 0xc, 0x10, 0x14, 0x20, 0x28, 0x2c, 0x44, 0x60, 0x80, 0x84, 0x88, 0x90, 0x94, 0x98, 0x9c, 0xa0, 0xa4, 0x100a8, 0x100ac }
            .Select(offset => $"xp /1wx 0x{0x9050000 + offset:x}"),
    ];

    public static void Write(QmpClient monitor, CaptureSpec spec, string oracle)
    {
        (string File, string[] Commands)[] questions =
        [
            ("registers.txt", ["info registers -a"]),
            .. spec.Architecture == GuestArchitecture.X64 ? [("tlb.txt", ["info tlb"])] : Array.Empty<(string, string[])>(),
            ("mtree.txt", ["info mtree -f"]),
            ("pci.txt", ["info pci"]),
            .. spec.Iommu switch
            {
                IommuModel.Intel or IommuModel.IntelScalable => [("vtd-registers.txt", VtdRegisters)],
                IommuModel.SmmuV3 => [("smmuv3-registers.txt", SmmuRegisters)],
                IommuModel.Amd => [("amdvi-registers.txt", AmdViRegisters)],
                _ => Array.Empty<(string, string[])>(),
            },
        ];
        foreach ((string file, string[] commands) in questions)
        {
            File.WriteAllText(Path.Combine(oracle, file), string.Concat(commands.Select(command => monitor.ExecuteHuman(command))));
        }
    }
}
