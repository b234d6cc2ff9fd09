using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Pages;

/// <summary>Which struct pages are the kernel's memory, which a device's, and which were never written.</summary>
public class FrameStateTests
{
    private const ulong Section = 0x8000;
    private const ulong HasMemMap = 2;
    private const ulong Online = 4;
    private const ulong Mixed = 16;

    [Fact]
    public void A_section_that_is_not_online_is_offline_but_for_a_devices_memory()
    {
        using PageMachine machine = Build(HasMemMap, first: 0xc000, last: 0xc3ff);
        MemoryPages pages = machine.Pages;
        Assert.Equal("mem_section", pages.Array.Source);
        Assert.Equal(FrameState.Managed, pages.StateOf(new(0x100)));
        Assert.Equal(FrameState.Offline, pages.StateOf(new(0x9000)));
        Assert.Equal(FrameState.Device, pages.StateOf(new(0xc000)));
        Assert.Equal(FrameState.Device, pages.StateOf(new(0xc3ff)));
        Assert.Equal(FrameState.Offline, pages.StateOf(new(0xc400)));

        // The last part of the section has no struct pages.
        Assert.Equal(FrameState.Unknown, pages.StateOf(new(0xfe00)));
        Assert.Equal(FrameState.Unknown, pages.StateOf(new(0x10000)));
        Assert.Equal(new DeviceMemory(DeviceMemoryKind.PeerToPeer, new(0xc000), new(0xc3ff)), Assert.Single(pages.DeviceMemory));
    }

    [Fact]
    public void A_struct_page_that_was_never_written_is_not_read()
    {
        using PageMachine machine = Build(HasMemMap, first: 0xc000, last: 0xc3ff);
        PageCursor cursor = new(machine.Pages, new byte[1 << 12]);
        Assert.False(cursor.MoveTo(new(0x9000)));
        Assert.True(cursor.MoveTo(new(0xc000)));
    }

    [Fact]
    public void A_device_shares_an_online_section_with_memory()
    {
        using PageMachine machine = Build(HasMemMap | Online | Mixed, first: 0xc000, last: 0xc3ff);
        Assert.Equal(FrameState.Device, machine.Pages.StateOf(new(0xc200)));
        Assert.Equal(FrameState.Managed, machine.Pages.StateOf(new(0x9000)));
    }

    [Fact]
    public void What_a_struct_page_leads_to_is_not_believed_where_it_tells_of_other_memory()
    {
        using PageMachine machine = Build(HasMemMap, first: 0xd000, last: 0xd3fe);
        Assert.Empty(machine.Pages.DeviceMemory);
        Assert.Equal(FrameState.Offline, machine.Pages.StateOf(new(0xc000)));
    }

    [Fact]
    public void What_a_struct_page_leads_to_is_not_believed_where_the_range_does_not_lead_to_it()
    {
        // As a page of a list, whose next is something with two words that could be a range.
        using PageMachine machine = Build(HasMemMap | Online | Mixed, first: 0xc000, last: 0xc3ff, lastLeads: false);
        Assert.Empty(machine.Pages.DeviceMemory);
        Assert.Equal(FrameState.Managed, machine.Pages.StateOf(new(0xc000)));
    }

    // Two sections: the first is online, the second as asked; the struct page of 0xc000 leads to a dev_pagemap of the range, and so does its last page.
    private static PageMachine Build(ulong second, ulong first, ulong last, bool lastLeads = true) => PageMachine.Build(
        (memory, kernel) =>
        {
            ulong direct = kernel.Made.PageOffset;
            PhysicalAddress roots = new(0x0930_1000), sections = new(0x0930_2000), usage = new(0x0930_3000), map = new(0x0930_4000);
            memory.Write(kernel.Made.ToPhysical(PageMachine.Symbol(kernel, "mem_section")), direct + roots.Value);
            memory.Write(kernel.Made.ToPhysical(PageMachine.Symbol(kernel, "max_pfn")), 2 * Section);
            memory.Write(roots, direct + sections.Value);
            memory.Write(sections, kernel.Made.Vmemmap | HasMemMap | Online);
            memory.Write(sections + 8, direct + usage.Value);
            memory.Write(sections + 16, kernel.Made.Vmemmap | second);
            memory.Write(sections + 24, direct + usage.Value + 8);
            memory.Write(usage, ulong.MaxValue);
            memory.Write(usage + 8, ulong.MaxValue >> 1);

            // nr_range 1, type MEMORY_DEVICE_PCI_P2PDMA; then the range, its end inclusive.
            memory.Write(map + 8, (5UL << 32) | 1);
            memory.Write(map + 16, first << PageFrame.Shift);
            memory.Write(map + 24, (last << PageFrame.Shift) | 0xfff);
            PageMachine.Write(memory, kernel, 0xc000, head: direct + map.Value);
            PageMachine.Write(memory, kernel, last, head: lastLeads ? direct + map.Value : 0);
            PageMachine.Write(memory, kernel, 0x9000, type: PageMachine.Buddy, references: 0);
        },
        sections: true);
}
