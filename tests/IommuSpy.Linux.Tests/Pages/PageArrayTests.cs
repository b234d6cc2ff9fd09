using IommuSpy.Linux.Pages;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Pages;

/// <summary>Where struct pages are.</summary>
public class PageArrayTests
{
    [Fact]
    public void Addresses_and_page_frames_lead_to_one_another()
    {
        ulong vmemmap = 0;
        using PageMachine machine = PageMachine.Build((_, kernel) => vmemmap = kernel.Made.Vmemmap);
        PageArray array = machine.Pages.Array;
        Assert.Equal("vmemmap_base", array.Source);
        Assert.Equal(new PageFrame(0x10000), array.End);
        Assert.Equal(2, array.Sections.Count);
        for (ulong frame = 0; frame < 0x10000; frame += 0x123)
        {
            VirtualAddress address = new(vmemmap + (frame * KernelBuilder.StructPageBytes));
            Assert.Equal(address, array.AddressOf(new(frame)));
            Assert.Equal(new PageFrame(frame), array.FrameOf(address));
            Assert.Null(array.FrameOf(address + 8));
        }

        Assert.Null(array.AddressOf(new(0x10000)));
        Assert.Null(array.FrameOf(new(vmemmap + (0x10000 * KernelBuilder.StructPageBytes))));
        Assert.Null(array.FrameOf(new(vmemmap - KernelBuilder.StructPageBytes)));
        Assert.Null(array.FrameOf(new(0)));
    }

    [Fact]
    public void Its_own_pages_are_those_that_hold_it()
    {
        HashSet<PageFrame> expected = [];
        using PageMachine machine = PageMachine.Build((_, kernel) =>
        {
            for (ulong frame = 0; frame < 0x10000; frame += PageFrame.Size / KernelBuilder.StructPageBytes)
            {
                expected.Add(kernel.StructPage(new(frame)).Frame);
            }
        });
        Assert.Equal(expected, machine.Pages.Array.OwnPages().ToHashSet());
    }
}
