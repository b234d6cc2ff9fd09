using IommuSpy.Analysis.Iommu;

namespace IommuSpy.Analysis.Tests;

/// <summary>Fault lines as each release prints them: drivers/iommu/dmar.c and intel/dmar.c (dmar_fault_do_one), amd_iommu.c and amd/iommu.c (iommu_print_event, amd_iommu_report_page_fault).</summary>
public class FaultLineTests
{
    [Theory]
    [InlineData("dmar: DMAR:[DMA Write] Request device [02:00.0] fault addr ffdb9000", "DMA Write", "0000:02:00.0", null, 0xffdb9000UL, true, null)] // 3.16: the reason is on a line of its own
    [InlineData("[   12.345678] DMAR: [DMA Read] Request device [00:1f.2] fault addr 7fb25000 [fault reason 06] PTE Read access is not set", "DMA Read", "0000:00:1f.2", null, 0x7fb25000UL, false, 0x06)]
    [InlineData("DMAR: [DMA Write] Request device [03:00.1] PASID ffffffff fault addr fec00000 [fault reason 05] PTE Write access is not set", "DMA Write", "0000:03:00.1", null, 0xfec00000UL, true, 0x05)]
    [InlineData("DMAR: [DMA Read NO_PASID] Request device [0xb3:0x00.0] fault addr 0x1000 [fault reason 0x0c] non-zero reserved fields in PTE", "DMA Read", "0000:b3:00.0", null, 0x1000UL, false, 0x0c)] // 5.13 to 5.15
    [InlineData("DMAR: [DMA Read PASID 0x14] Request device [6a:01.0] fault addr 0x7f0012340000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear", "DMA Read", "0000:6a:01.0", 0x14, 0x7f0012340000UL, false, 0x71)]
    public void Vtd_lines_of_all_releases_are_read(string text, string happened, string? device, int? pasid, ulong address, bool write, int? reason)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal((happened, pasid, address, write, reason), (line.Event, line.Pasid, line.Address!.Value.Value, line.IsWrite, line.ReasonNumber));
        Assert.Equal(device, line.Device?.ToString());
        Assert.Null(line.InterruptIndex);
    }

    [Theory]
    [InlineData("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 4c [fault reason 38] Blocked an interrupt request due to source-id verification failure", 0x4c, 0x26)]
    [InlineData("DMAR: DRHD: handling fault status reg 2\nDMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x4c [fault reason 0x26] Blocked an interrupt request due to source-id verification failure", 0x4c, 0x26)]
    [InlineData("dmar: INTR-REMAP: Request device [[f0:1f.0] fault index 4c\nINTR-REMAP:[fault reason 38] Blocked an interrupt request due to source-id verification failure", 0x4c, 0x26)] // 3.16
    public void Vtd_interrupt_lines_name_an_entry_and_no_address(string text, int index, int reason)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal(("INTR-REMAP", index, reason), (line.Event, line.InterruptIndex, line.ReasonNumber));
        Assert.Equal("0000:f0:1f.0", line.Device?.ToString());
        Assert.Null(line.Address);
    }

    [Theory]
    [InlineData("AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x001a address=0x00000000fdf8000c flags=0x0030]", "0000:02:00.0", 0x1a, 0xfdf8000cUL, true, "a write to a page that is present")] // to 4.x
    [InlineData("nvme 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000c address=0xfffffffdf8000000 flags=0x0000]", "0000:01:00.0", 0x0c, 0xfffffffdf8000000UL, false, "a read to a page that is not present")]
    [InlineData("AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:02:00.0 domain=0x001a address=0x2000 flags=0x0070]", "0001:02:00.0", 0x1a, 0x2000UL, true, "a write to a page that is present without permission")] // 6.1 on: with the segment
    public void AmdVi_page_faults_of_all_releases_are_read(string text, string device, int domain, ulong address, bool write, string reason)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal(("IO_PAGE_FAULT", device, domain, address, write, reason), (line.Event, line.Device?.ToString(), line.Domain, line.Address?.Value, line.IsWrite, line.Reason));
    }

    [Theory]
    [InlineData("AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:02:00.0 pasid=0x00005 address=0xfffffffdf8000000 flags=0x0a00]", "ILLEGAL_DEV_TABLE_ENTRY", 5)]
    [InlineData("AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=02:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]", "INVALID_DEVICE_REQUEST", null)]
    public void Other_AmdVi_events_say_no_direction(string text, string happened, int? pasid)
    {
        FaultLine line = FaultLine.Parse(text)!;
        Assert.Equal((happened, "0000:02:00.0", pasid), (line.Event, line.Device?.ToString(), line.Pasid));
        Assert.Equal(0xfffffffdf8000000, line.Address?.Value);
        Assert.Null(line.IsWrite);
    }

    [Theory]
    [InlineData("")]
    [InlineData("DMAR: DRHD: handling fault status reg 3")]
    [InlineData("AMD-Vi: IO_PAGE_FAULT device=00:02.0")]
    [InlineData("[DMA Write] Request device")]
    public void Other_lines_are_none(string text) => Assert.Null(FaultLine.Parse(text));
}
