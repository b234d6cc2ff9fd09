using System.Text;
using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Tests;

/// <summary>Lines of events as each release prints them, and what people's logs make of them. Where the spellings are from: <c>FaultParser</c>.</summary>
public class FaultLineTests
{
    private const FaultKind Translation = FaultKind.Translation;
    private const FaultKind Interrupt = FaultKind.Interrupt;
    private const FaultKind Command = FaultKind.Command;
    private const FaultKind Hardware = FaultKind.Hardware;
    private const FaultKind Configuration = FaultKind.Configuration;
    private const FaultKind DeviceRequest = FaultKind.DeviceRequest;

    [Theory]

    // VT-d, Linux: one line since 4.2, 0x since 5.13, the segment since 7.0.
    [InlineData(
        "[   12.345678] DMAR: [DMA Read] Request device [00:1f.2] fault addr 7fb25000 [fault reason 06] PTE Read access is not set",
        Translation, "DMA Read", "0000:00:1f.2", 0x7fb25000UL, "read")]
    [InlineData(
        "DMAR: [DMA Write] Request device [03:00.1] PASID ffffffff fault addr fec00000 [fault reason 05] PTE Write access is not set",
        Translation, "DMA Write", "0000:03:00.1", 0xfec00000UL, "write")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [0xb3:0x00.0] fault addr 0x1000 [fault reason 0x0c] non-zero reserved fields in PTE",
        Translation, "DMA Read", "0000:b3:00.0", 0x1000UL, "read")]
    [InlineData(
        "DMAR: [DMA Write NO_PASID] Request device [00:1a.0] fault addr 0x0 [fault reason 0x05] PTE Write access is not set",
        Translation, "DMA Write", "0000:00:1a.0", 0UL, "write")]
    [InlineData(
        "DMAR: [DMA Read PASID 0x14] Request device [6a:01.0] fault addr 0x7f0012340000 [fault reason 0x71] SM: Present bit in first-level " +
        "paging entry is clear",
        Translation, "DMA Read", "0000:6a:01.0", 0x7f0012340000UL, "read")]
    [InlineData(
        "DMAR: [DMA Write NO_PASID] Request device [0000:73:00.1] fault addr 0x0 [fault reason 0x05] PTE Write access is not set",
        Translation, "DMA Write", "0000:73:00.1", 0UL, "write")]
    [InlineData(
        "DMAR: [DMA Write NO_PASID] Request device [0001:73:00.1] fault addr 0x8000 [fault reason 0x02] Present bit in context entry is " +
        "clear",
        Translation, "DMA Write", "0001:73:00.1", 0x8000UL, "write")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason 0x39] SM: Present bit in Root Entry is clear",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "DMAR: [DMA Read] Request device [00:02.0] fault addr 5000 [fault reason 03] Invalid context entry",
        Configuration, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "DMAR: [DMA Read] Request device [00:02.0] fault addr 5000 [fault reason 11] non-zero reserved fields in CTP",
        Configuration, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason 0x5a] SM: Non-zero reserved field set in PASID " +
        "Table Entry",
        Configuration, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason 0x70] SM: Error attempting to access " +
        "first-level paging entry",
        Hardware, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "DMAR: [DMA Read] Request device [00:02.0] fault addr 5000",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")] // The second line was cut off.

    // Two lines before 4.2, with and without a time stamp on each.
    [InlineData("dmar: DMAR:[DMA Write] Request device [02:00.0] fault addr ffdb9000", Translation, "DMA Write", "0000:02:00.0", 0xffdb9000UL, "write")]
    [InlineData(
        "dmar: DMAR:[DMA Write] Request device [02:00.0] fault addr ffdb9000 \nDMAR:[fault reason 05] PTE Write access is not set",
        Translation, "DMA Write", "0000:02:00.0", 0xffdb9000UL, "write")]
    [InlineData(
        "[    9.1] dmar: DMAR:[DMA Read] Request device [02:00.0] fault addr ff000 \n[    9.2] DMAR:[fault reason 06] PTE Read access is " +
        "not set",
        Translation, "DMA Read", "0000:02:00.0", 0xff000UL, "read")]
    [InlineData(
        "May  3 10:11:12 h kernel: [9.1] DMAR:[DMA Read] Request device [02:00.0] fault addr ff000 \nMay  3 10:11:12 h kernel: [9.1] " +
        "DMAR:[fault reason 03] Invalid context entry",
        Configuration, "DMA Read", "0000:02:00.0", 0xff000UL, "read")]

    // Interrupts of VT-d; a write to 0xfeexxxxx is one, a read is none.
    [InlineData(
        "DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 4c [fault reason 38] Blocked an interrupt request due to source-id " +
        "verification failure",
        Interrupt, "INTR-REMAP", "0000:f0:1f.0", null, null)]
    [InlineData(
        "DMAR: [INTR-REMAP] Request device [0xf0:0x1f.0] fault index 0x4c [fault reason 0x26] Blocked an interrupt request due to " +
        "source-id verification failure",
        Interrupt, "INTR-REMAP", "0000:f0:1f.0", null, null)]
    [InlineData(
        "DMAR: [INTR-REMAP] Request device [0000:f0:1f.0] fault index 0x4c [fault reason 0x22] Present field in the IRTE entry is clear",
        Interrupt, "INTR-REMAP", "0000:f0:1f.0", null, null)]
    [InlineData(
        "dmar: INTR-REMAP: Request device [[f0:1f.0] fault index 4c\nINTR-REMAP:[fault reason 38] Blocked an interrupt request due to " +
        "source-id verification failure",
        Interrupt, "INTR-REMAP", "0000:f0:1f.0", null, null)]
    [InlineData(
        "DMAR: [DMA Write NO_PASID] Request device [00:1f.3] fault addr 0xfee00000 [fault reason 0x05] PTE Write access is not set",
        Interrupt, "DMA Write", "0000:00:1f.3", 0xfee00000UL, "write")]
    [InlineData(
        "DMAR: [DMA Write] Request device [00:1f.3] fault addr feefffff [fault reason 05] PTE Write access is not set",
        Interrupt, "DMA Write", "0000:00:1f.3", 0xfeefffffUL, "write")]
    [InlineData(
        "DMAR: [DMA Read] Request device [00:1f.3] fault addr fee00000 [fault reason 06] PTE Read access is not set",
        Translation, "DMA Read", "0000:00:1f.3", 0xfee00000UL, "read")]
    [InlineData(
        "DMAR: [DMA Write] Request device [00:1f.3] fault addr fef00000 [fault reason 05] PTE Write access is not set",
        Translation, "DMA Write", "0000:00:1f.3", 0xfef00000UL, "write")]

    // VT-d's status and commands.
    [InlineData("DMAR: DRHD: handling fault status reg 3", null, "DRHD fault status", null, null, null)]
    [InlineData("DMAR: DRHD: handling fault status reg 40", Command, "DRHD fault status", null, null, null)]
    [InlineData("DMAR: VT-d detected Invalidation Time-out Error: SID 6300", Command, "Invalidation Time-out Error", "0000:63:00.0", null, null)]
    [InlineData("DMAR: VT-d detected Invalidation Time-out Error: SID 0", Command, "Invalidation Time-out Error", null, null, null)]
    [InlineData("DMAR: VT-d detected Invalidation Queue Error: Reason f", Command, "Invalidation Queue Error", null, null, null)]

    // Xen on VT-d: two lines, the reason in hexadecimal; before 4.5 one more spelling, before 4.0 another.
    [InlineData(
        "(XEN) [   37.201160] [VT-D]DMAR:[DMA Write] Request device [0000:00:1e.6] fault addr 0\n(XEN) [   37.201164] [VT-D]DMAR: reason " +
        "02 - Present bit in context entry is clear",
        Translation, "DMA Write", "0000:00:1e.6", 0UL, "write")]
    [InlineData(
        "(XEN) [VT-D]INTR-REMAP: Request device [0000:f0:1f.0] fault index 4c\n(XEN) [VT-D]INTR-REMAP: reason 26 - Blocked an interrupt " +
        "request",
        Interrupt, "INTR-REMAP", "0000:f0:1f.0", null, null)]
    [InlineData(
        "(XEN) [VT-D]iommu.c:875: DMAR:[DMA Read] Request device [0000:00:02.0] fault addr 1c7000, iommu reg = ffff82c3ffd54000\n(XEN) " +
        "[VT-D]iommu.c:877: DMAR:[fault reason 0ch] non-zero reserved fields in PTE",
        Translation, "DMA Read", "0000:00:02.0", 0x1c7000UL, "read")]
    [InlineData(
        "(XEN) [VT-D]iommu.c:676: iommu_fault:DMA Read: 0:1d.1 addr 7d2ce000 REASON 6 iommu->reg = ffff828bfff54000",
        Translation, "DMA Read", "0000:00:1d.1", 0x7d2ce000UL, "read")]

    // AMD-Vi's page faults: old, new, with the segment, with and without the device in front.
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x00000000fdf8000c flags=0x0030]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0xfdf8000cUL, "write")]
    [InlineData(
        "nvme 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000c address=0xfffffffdf7000000 flags=0x0000]",
        Translation, "IO_PAGE_FAULT", "0000:01:00.0", 0xfffffffdf7000000UL, "read")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:02:00.0 domain=0x001a address=0x2000 flags=0x0070]",
        Translation, "IO_PAGE_FAULT", "0001:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "amd_iommu_report_page_fault: 3 callbacks suppressed\nahci 0000:02:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0043 " +
        "address=0xecdd5004 flags=0x0070]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0xecdd5004UL, "write")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0xfdf8010140 flags=0x0008]",
        Interrupt, "IO_PAGE_FAULT", "0000:02:00.0", 0xfdf8010140UL, "write")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0xfee00000 flags=0x0020]",
        Interrupt, "IO_PAGE_FAULT", "0000:02:00.0", 0xfee00000UL, "write")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0xfffffffdf8000000 flags=0x0020]",
        Interrupt, "IO_PAGE_FAULT", "0000:02:00.0", 0xfffffffdf8000000UL, "write")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0xfee00000 flags=0x0000]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0xfee00000UL, "read")]

    // AMD-Vi's other events.
    [InlineData(
        "AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=02:00.0 address=0x00000000fdf80000 flags=0x0080]",
        Configuration, "ILLEGAL_DEV_TABLE_ENTRY", "0000:02:00.0", 0xfdf80000UL, null)]
    [InlineData(
        "iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:06:00.0 pasid=0x00000 address=0x135300000 flags=0x0080]",
        Configuration, "ILLEGAL_DEV_TABLE_ENTRY", "0000:06:00.0", 0x135300000UL, null)]
    [InlineData(
        "AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=02:00.0 address=0x0000000011223000 flags=0x0200]",
        Hardware, "DEV_TAB_HARDWARE_ERROR", "0000:02:00.0", null, null)]
    [InlineData(
        "iommu ivhd0: AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=0000:02:00.0 address=0x11223000 flags=0x0400]",
        Hardware, "DEV_TAB_HARDWARE_ERROR", "0000:02:00.0", null, null)]
    [InlineData(
        "AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR device=02:00.0 domain=0x001a address=0x0000000011223000 flags=0x0200]",
        Hardware, "PAGE_TAB_HARDWARE_ERROR", "0000:02:00.0", null, null)]
    [InlineData(
        "iommu ivhd1: AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR device=0000:02:00.0 pasid=0x001a address=0x11223000 flags=0x0600]",
        Hardware, "PAGE_TAB_HARDWARE_ERROR", "0000:02:00.0", null, null)]
    [InlineData("AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x0000000011223000]", Command, "ILLEGAL_COMMAND_ERROR", null, null, null)]
    [InlineData("pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x11223000]", Command, "ILLEGAL_COMMAND_ERROR", null, null, null)]
    [InlineData(
        "iommu ivhd0: AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR address=0x11223000 flags=0x0200]",
        Hardware, "COMMAND_HARDWARE_ERROR", null, null, null)]
    [InlineData("AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=63:00.0 address=0x000000042b5b01a0]", Command, "IOTLB_INV_TIMEOUT", "0000:63:00.0", null, null)]
    [InlineData(
        "iommu ivhd0: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:63:00.0 address=0x42b5b01a0]",
        Command, "IOTLB_INV_TIMEOUT", "0000:63:00.0", null, null)]
    [InlineData(
        "AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=02:00.0 address=0xfffffffdf8000000 flags=0x0a00]",
        DeviceRequest, "INVALID_DEVICE_REQUEST", "0000:02:00.0", 0xfffffffdf8000000UL, "write")]
    [InlineData(
        "iommu ivhd1: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:00:00.0 pasid=0x00000 address=0xfffffffdf8000000 " +
        "flags=0x0a00]",
        DeviceRequest, "INVALID_DEVICE_REQUEST", "0000:00:00.0", 0xfffffffdf8000000UL, "write")]
    [InlineData(
        "iommu ivhd1: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:00:00.0 pasid=0x00000 address=0x1000 flags=0x0200]",
        DeviceRequest, "INVALID_DEVICE_REQUEST", "0000:00:00.0", 0x1000UL, null)]
    [InlineData(
        "iommu ivhd0: AMD-Vi: Event logged [INVALID_PPR_REQUEST device=0000:02:00.0 pasid=0x00005 address=0x1000 flags=0x0000 tag=0x001]",
        DeviceRequest, "INVALID_PPR_REQUEST", "0000:02:00.0", 0x1000UL, null)]
    [InlineData(
        "nvme 0000:01:00.0: AMD-Vi: Event logged [RMP_HW_ERROR vmg_tag=0x0001, spa=0x11223000, flags=0x0200]",
        Hardware, "RMP_HW_ERROR", "0000:01:00.0", null, null)]
    [InlineData(
        "AMD-Vi: Event logged [RMP_HARDWARE_ERROR device=02:00.0, vmg_tag=0x0001, spa=0x11223000, flags=0x0200]",
        Hardware, "RMP_HARDWARE_ERROR", "0000:02:00.0", null, null)]
    [InlineData(
        "AMD-Vi: Event logged [RMP_PAGE_FAULT device=0000:02:00.0, vmg_tag=0x0001, gpa=0x7000, flags_rmp=0x0001, flags=0x0020]",
        Translation, "RMP_PAGE_FAULT", "0000:02:00.0", 0x7000UL, "write")]
    [InlineData(
        "nvme 0000:01:00.0: AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=0x0001, gpa=0x7000, flags_rmp=0x0001, flags=0x0000]",
        Translation, "RMP_PAGE_FAULT", "0000:01:00.0", 0x7000UL, "read")]
    [InlineData(
        "AMD-Vi: Event logged [UNKNOWN event[0]=0x00000200 event[1]=0xa0000001 event[2]=0x00001000 event[3]=0x00000000",
        null, "UNKNOWN event 0xa", null, 0x1000UL, null)]
    [InlineData(
        "AMD-Vi: Event logged [Device not attached to domain properly]\nAMD-Vi:   device=0000:02:00.0 domain=0x001a",
        Configuration, "Device not attached to domain properly", "0000:02:00.0", null, null)]
    [InlineData("AMD-Vi: Completion-Wait loop timed out", Command, "Completion-Wait loop timed out", null, null, null)]

    // Events that dmesg split: either half first, or the second alone.
    [InlineData(
        "[1.0] AMD-Vi: Event logged [\n[1.1] IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x0000000000002000 flags=0x0070]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "[1.1] IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x0000000000002000 flags=0x0070]\n[1.0] AMD-Vi: Event logged [",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "[1.1] IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x0000000000002000 flags=0x0070]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "[1.0] AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a\n[1.1] address=0x0000000000002000 flags=0x0070]",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "[1.1] address=0x0000000000002000 flags=0x0070]\n[1.0] AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData("[1.1] IOTLB_INV_TIMEOUT device=63:00.0 address=0x000000042b5b01a0]", Command, "IOTLB_INV_TIMEOUT", "0000:63:00.0", null, null)]

    // Xen on AMD-Vi, old and new.
    [InlineData(
        "(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 0, device id = 0x00a0, fault address = 0xfdf8020200",
        Interrupt, "IO_PAGE_FAULT", "0000:00:14.0", 0xfdf8020200UL, "write")]
    [InlineData(
        "(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 12, device id = 0x0200, fault address = 0x2000, flags = 0x20",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:00:14.0 d0 addr 000000fdf8010140 flags 0x8 I",
        Interrupt, "IO_PAGE_FAULT", "0000:00:14.0", 0xfdf8010140UL, "write")]
    [InlineData(
        "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:02:00.0 d1 addr 0000000000002000 flags 0x20 RW",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData("(XEN) AMD-Vi: ILLEGAL_COMMAND_ERROR at 0x11223040 (ring 0x11223000+0x40 size 0x1000)", Command, "ILLEGAL_COMMAND_ERROR", null, null, null)]
    [InlineData("(XEN) AMD-Vi: COMMAND_HW_ERROR at 0x11223040 (ring 0x11223000+0x40 size 0x1000)", Hardware, "COMMAND_HW_ERROR", null, null, null)]
    [InlineData("(XEN) INVALID_DEV_REQUEST 00000200 8a000000 f8000000 000000fd", DeviceRequest, "INVALID_DEV_REQUEST", "0000:02:00.0", 0xfdf8000000UL, "write")]
    [InlineData("(XEN) DEV_TABLE_HW_ERROR 00000200 32000000 11223000 00000000", Hardware, "DEV_TABLE_HW_ERROR", "0000:02:00.0", null, null)]

    // What logs put around a line.
    [InlineData(
        "Nov 14 11:52:19 h kernel: DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason 0x06] PTE " +
        "Read access is not set",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "kern  :err   : [Fri May  1 09:46:36 2026] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason " +
        "0x06] PTE Read access is not set",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "<3>[    1.0] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason 0x06] PTE Read access is not set",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "2026-05-01T09:46:36.123456+02:00 host kernel: DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x5000 [fault reason " +
        "0x06] PTE Read access is not set",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "\u001b[32m[    1.0] \u001b[0m\u001b[33mDMAR: \u001b[0m\u001b[31m[DMA Read NO_PASID] Request device \u001b[1m[00:02.0]\u001b[0m " +
        "fault addr 0x5000 [fault reason 0x06] PTE Read access is not set\u001b[0m",
        Translation, "DMA Read", "0000:00:02.0", 0x5000UL, "read")]
    [InlineData(
        "host kernel: #033[31mAMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x2000 flags=0x0070]#033[0m",
        Translation, "IO_PAGE_FAULT", "0000:02:00.0", 0x2000UL, "write")]
    [InlineData(
        "> > DMAR: [DMA Write NO_PASID] Request device\n[80:1f.6] fault addr 0x15fa71000 [fault reason 0x39] SM: Present bit\nin Root " +
        "Entry is clear",
        Translation, "DMA Write", "0000:80:1f.6", 0x15fa71000UL, "write")]
    public void Each_spelling_of_an_event_is_read(string text, FaultKind? kind, string happened, string? device, ulong? address, string? access)
    {
        FaultLine line = Assert.Single(FaultLine.ParseAll(text));
        Assert.Equal((kind, happened, device, address), (line.Kind, line.Event, line.Device?.ToString(), line.Address?.Value));
        Assert.Equal(access, line.IsWrite is bool write ? write ? "write" : "read" : null);
        Assert.Null(line.Masked);
        bool isVtd = new[] { "DMAR", "[VT-D]", "INTR-REMAP" }.Any(sign => text.Contains(sign, StringComparison.Ordinal));
        Assert.Equal(isVtd ? IommuKind.VtD : IommuKind.AmdVi, line.Vendor);
    }

    [Theory]
    [InlineData(
        "DMAR: [DMA Write] Request device [03:00.1] fault addr fec00000 [fault reason 12] non-zero reserved fields in PTE",
        12, "non-zero reserved fields in PTE")] // decimal before 5.13
    [InlineData(
        "DMAR: [DMA Write NO_PASID] Request device [03:00.1] fault addr 0xfec00000 [fault reason 0x0c] non-zero reserved fields in PTE",
        12, "non-zero reserved fields in PTE")]
    [InlineData(
        "DMAR:[DMA Write] Request device [03:00.1] fault addr fec00000\nmissed something\n[1.0] DMAR:[fault reason 05] PTE Write access is " +
        "not set",
        5, "PTE Write access is not set")]
    [InlineData(
        "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:03:00.1] fault addr fec00000\n(XEN) [VT-D]DMAR: reason 0c - non-zero reserved " +
        "fields in PTE",
        12, "non-zero reserved fields in PTE")]
    [InlineData(
        "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:03:00.1] fault addr fec00000, iommu reg = ffff82c3\n(XEN) [VT-D]DMAR:[fault " +
        "reason 0ch] non-zero reserved fields in PTE",
        12, "non-zero reserved fields in PTE")]
    [InlineData(
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x1a address=0x2000 flags=0x0070]",
        0x70, "a write to a page that is present without permission")]
    [InlineData(
        "AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=02:00.0 address=0xfdf8000000 flags=0x0a00]",
        0xa00, "type 5: an interrupt, which the device's entry refuses (IntCtl is 0)")]
    [InlineData("AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=02:00.0 address=0x1000 flags=0x0400]", 0x400, "target abort")]
    [InlineData("DMAR: DRHD: handling fault status reg 42", 0x42, "a fault is pending, invalidation time-out")]
    public void The_reason_is_read_in_its_own_base(string text, int number, string reason)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal((number, reason), (line.ReasonNumber, line.Reason));
    }

    [Theory]
    [InlineData("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 4c [fault reason 38] Blocked", 0x4c)]
    [InlineData("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0xffff [fault reason 0x26] Blocked", 0xffff)]
    [InlineData("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 10000 [fault reason 38] Blocked", null)]
    [InlineData(
        "DMAR: [DMA Write] Request device [00:1f.3] fault addr fee00998 [fault reason 05] PTE Write access is not set",
        0x4c)] // Remappable format, VT-d 5.1.2.2.
    [InlineData("DMAR: [DMA Write] Request device [00:1f.3] fault addr fee0099c [fault reason 05] PTE Write access is not set", 0x804c)]
    [InlineData("DMAR: [DMA Write] Request device [00:1f.3] fault addr fee00000 [fault reason 05] PTE Write access is not set", null)]
    public void An_interrupt_names_its_entry_where_the_line_has_it(string text, int? index)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal((FaultKind.Interrupt, index), (line.Kind, line.InterruptIndex));
    }

    [Theory]
    [InlineData("DMAR: [DMA Read] Request device [00:02.0] fault addr xxxx [fault reason 06] PTE Read access is not set", "address xxxx")]
    [InlineData("DMAR: [DMA Read] Request device [00:02.0] fault addr fdxxxxxx [fault reason 06] PTE Read access is not set", "address fdxxxxxx")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0xXXXXX000 [fault reason 0x06] PTE Read access is not set",
        "address 0xXXXXX000")]
    [InlineData(
        "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr [redacted] [fault reason 0x06] PTE Read access is not set",
        "address [redacted]")]
    [InlineData("DMAR: [DMA Read NO_PASID] Request device [xx:xx.x] fault addr 0x5000 [fault reason 0x06] PTE Read access is not set", "device xx:xx.x")]
    [InlineData("AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=**** flags=0x0070]", "address ****")]
    [InlineData("AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x0000 address=0x12345xxx flags=0x0070]", "address 0x12345xxx")]
    [InlineData("(XEN) AMD-Vi: IO_PAGE_FAULT: DDDD:bb:dd.f d0 addr ffffff???????000 flags 0x8 I", "device DDDD:bb:dd.f, address ffffff???????000")]
    [InlineData("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index xx [fault reason 38] Blocked", "index xx")]
    public void What_is_masked_is_not_read_as_its_digits(string text, string masked)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal(masked, line.Masked);
        Assert.Equal(masked.Contains("address", StringComparison.Ordinal), line.Address is null && !masked.StartsWith("index", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[DMA Write] Request device")]
    [InlineData("AMD-Vi: Interrupt remapping enabled")]
    [InlineData("DMAR: Host address width 39")]
    [InlineData("DMAR: DRHD base: 0x000000fed90000 flags: 0x0")]
    [InlineData("DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1c0000c40660462 ecap 19e2ff0505e")]
    [InlineData("AMD-Vi: Event logged [")]
    [InlineData("someone wrote IO_PAGE_FAULT into the log")]
    [InlineData("DMAR:[fault reason 05] PTE Write access is not set")]
    public void Other_lines_are_no_event(string text) => Assert.Empty(FaultLine.ParseAll(text));

    [Fact]
    public void The_unit_domain_and_physical_address_are_told_apart()
    {
        FaultLine timeout = FaultLine.Parse("iommu ivhd1: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:63:00.0 address=0x42b5b01a0]")!;
        Assert.Equal(("ivhd1", 0x42b5b01a0UL), (timeout.Unit, timeout.Physical!.Value.Value));
        Assert.Equal(0x1a, FaultLine.Parse("AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x2000 flags=0x0]")!.Domain);
        Assert.Equal(12, FaultLine.Parse("(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 12, device id = 0x0200, fault address = 0x2000")!.Domain);
        Assert.Equal(0x14, FaultLine.Parse("DMAR: [DMA Read PASID 0x14] Request device [6a:01.0] fault addr 0x7f0 [fault reason 0x71] SM")!.Pasid);
        Assert.Null(FaultLine.Parse("DMAR: [DMA Read] Request device [6a:01.0] PASID ffffffff fault addr 7f0 [fault reason 05] PTE")!.Pasid);
    }

    [Fact]
    public void The_entry_that_the_log_shows_below_an_illegal_one_is_kept()
    {
        FaultLine line = FaultLine.Parse(
            """
            [1.0] iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:06:00.0 pasid=0x00000 address=0x135300000 flags=0x0080]
            Nov 14 11:52:19 h kernel: iommu ivhd0: AMD-Vi: Control Reg : 0x1
            Nov 14 11:52:19 h kernel: AMD-Vi: DTE[0]: 7d90000000000007
            Nov 14 11:52:19 h kernel: AMD-Vi: DTE[1]: 0000100103fc0009
            Nov 14 11:52:19 h kernel: AMD-Vi: DTE[2]: 2000000117840013
            Nov 14 11:52:19 h kernel: AMD-Vi: DTE[3]: 0000000000000000
            """)!;
        Assert.Equal([0x7d90000000000007, 0x0000100103fc0009, 0x2000000117840013, 0], line.EntryThen);
        FaultEntry entry = FaultEntry.OfAmdVi(null, line.EntryThen);
        Assert.Equal(["bits 0x4 of word 0"], entry.Reserved);
        Assert.Equal(["V", "TV", "PPR", "GV", "IR", "IW", "I", "IV", "domain 9", "IntTabLen 9", "IntCtl 2"], entry.Set);
    }

    [Fact]
    public void A_log_gives_each_event_once_with_its_count_and_keeps_two_devices_apart()
    {
        const string First = "DMAR:[DMA Read] Request device [00:02.0] fault addr 5000\n";
        const string Reason = "DMAR:[fault reason 06] PTE Read access is not set\n";
        const string Second = "DMAR: [DMA Read] Request device [00:03.0] fault addr 5000 [fault reason 06] PTE Read access is not set\n";
        FaultCounts counts = Counted(
            $"[1] booted\n[2] {First}[2] {Reason}[3] usb 1-1: new device\n[4] {Second}[5] {First}[6] eth0: up\n[6] {Reason}[7] done\n");
        Assert.Equal(
            [("0000:00:02.0", 6, 2), ("0000:00:03.0", 6, 1)],
            counts.Events.Select(one => (one.Line.Device.ToString()!, one.Line.ReasonNumber!.Value, one.Count)));
        Assert.Equal(0, counts.Dropped);
    }

    [Fact]
    public void A_reason_far_below_belongs_to_something_else()
    {
        string between = string.Concat(Enumerable.Repeat("eth0: up\n", 100));
        string log = $"DMAR:[DMA Read] Request device [00:02.0] fault addr 5000\n{between}DMAR:[fault reason 06] PTE Read access is not set\n";
        Assert.Null(Counted(log).Events[0].Line.ReasonNumber);
    }

    [Fact]
    public void Hostile_logs_cost_bounded_memory_and_hide_nothing_after_them()
    {
        const string Line = "DMAR: [DMA Read] Request device [00:02.0] fault addr 5000 [fault reason 06] PTE Read access is not set";
        string huge = new('A', 3_000_000);
        string openings = string.Concat(Enumerable.Repeat("Event logged [IO_PAGE_FAULT device=", 100_000));
        FaultCounts counts = Counted($"{huge}\n\0\0\0{Line}\0\r\n{Line}\u0007\n{openings}\n{string.Concat(Enumerable.Repeat("[", 1_000_000))}\n{Line}");
        Assert.Equal(3, counts.Events.Single(one => one.Line.Vendor == IommuKind.VtD).Count);
        Assert.All(FaultLog.Lines(new MemoryStream(Encoding.Latin1.GetBytes(huge))), line => Assert.True(line.Length <= FaultLog.MostLineLength));
        FaultLine controls = FaultLine.Parse("DMAR: [DMA Read] Request device [00:02.0] fault addr 5000 [fault reason 06] a\u001b]0;b\u0007c\u202ed")!;
        Assert.DoesNotContain(controls.Reason!, char.IsControl);
    }

    [Fact]
    public void Different_events_beyond_the_most_are_counted_as_left_out()
    {
        StringBuilder log = new();
        for (int i = 0; i < FaultCounts.MostEvents + 7; i++)
        {
            log.Append("DMAR: [DMA Read] Request device [00:02.0] fault addr ").Append(i.ToString("x", null)).Append("000 [fault reason 06] PTE\n");
        }

        FaultCounts counts = Counted(log.ToString());
        Assert.Equal((FaultCounts.MostEvents, 7L), (counts.Events.Count, counts.Dropped));
    }

    private static FaultCounts Counted(string log) => FaultCounts.Read(new MemoryStream(Encoding.Latin1.GetBytes(log)));
}
