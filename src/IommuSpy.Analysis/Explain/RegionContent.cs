using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>Says what a kernel address holds, as far as the structures of its region tell.</summary>
internal sealed class RegionContent(Machine machine)
{
    /// <summary>What a region's own structure tells of an address in it.</summary>
    public string? Of(VirtualAddress address, LayoutRegion region)
    {
        switch (region.Kind)
        {
            case RegionKind.Vmemmap when machine.Kernel.Facts.VmemmapBase is { } vmemmap:
                ulong size = (ulong)machine.Kernel.StructPageBytes;
                ulong distance = address - vmemmap.Value;
                PageFrame frame = new(distance / size);
                return $"struct page of pfn {frame} (physical {frame.Address})" + Into(distance % size);
            case RegionKind.Fixmap when machine.Kernel.Architecture.FixmapTop is VirtualAddress top && address.CompareTo(top) <= 0:
                return $"fixmap slot {(top - new VirtualAddress(address.Value & ~(ulong)(PageFrame.Size - 1))) >> PageFrame.Shift}, counted down from {top}";
            case RegionKind.KernelText when machine.Kernel.Text.Contains(address):
                return ImageSection.Of(machine.Symbols, address);
            case RegionKind.DirectMap when machine.Parts.Slabs.Value?.SlabAt(address) is SlabPages slab:
                return SlabContent(slab, address);
            case RegionKind.Vmalloc when machine.Parts.Vmalloc.Value?.At(address) is VmallocArea area:
                return AreaContent(area, address);
            case RegionKind.Modules or RegionKind.KernelText when machine.Parts.Modules.Value?.At(address) is KernelModule module:
                return ModuleContent(module, address);
            case RegionKind.KernelText:
                return "outside the kernel's image, in the space kept for it";
            default:
                return null;
        }
    }

    private string SlabContent(SlabPages slab, VirtualAddress address)
    {
        if (slab.ObjectAt(address) is not SlabObject found)
        {
            return $"slab of {slab.Cache.Name}, behind its last object";
        }

        ulong distance = address - found.Address;
        string state = found.State switch
        {
            SlabObjectState.Live => "live",
            SlabObjectState.Unknown => "whether it is free is not known",
            _ => "free",
        };
        string task = found.State == SlabObjectState.Live && machine.Parts.Tasks.Value?.At(found.Address) is KernelTask owner
            ? $", the task_struct of {owner}" : "";
        return distance < slab.Cache.ObjectSize
            ? $"object of slab cache {slab.Cache.Name}, {slab.Cache.ObjectSize} bytes at {found.Address}{Into(distance)}, {state}{task}"
            : $"padding behind an object of slab cache {slab.Cache.Name}, {slab.Cache.ObjectSize} bytes at {found.Address}, {state}";
    }

    private string AreaContent(VmallocArea area, VirtualAddress address)
    {
        VmallocReport report = VmallocReport.Of(machine, area);
        string by = report.Caller is string caller ? $"; allocated by {caller}" : "";
        ulong distance = address - area.Start;
        if (distance >= area.UsableLength)
        {
            return $"guard page behind {What(report, area.UsableLength)}{by}";
        }

        return report.StackOf is null
            ? $"{What(report, area.UsableLength)} at {area.Start}{Into(distance)}{by}"
            : $"{What(report, area.UsableLength)}, 0x{area.UsableLength - distance:x} bytes below its top{by}";
    }

    private static string What(VmallocReport report, ulong usable) =>
        $"{(report.StackOf is string task ? $"task stack of {task}" : $"{report.Use} area")}, {Size.Text(usable)}"
            + $"{(report.Physical is PhysicalAddress physical ? $" of physical {physical}" : "")}";

    private static string ModuleContent(KernelModule module, VirtualAddress address)
    {
        ModuleMemory memory = module.MemoryAt(address)!;
        ModuleSection section = module.Sections
            .Where(section => memory.Contains(section.Address) && section.Address.CompareTo(address) <= 0)
            .OrderBy(section => section.Address)
            .LastOrDefault();
        return $"module {module.Name}, {memory.Kind}{(section.Name is string name ? $", section {name}{Into(address - section.Address)}" : "")}";
    }

    private static string Into(ulong bytes) => bytes == 0 ? "" : $", 0x{bytes:x} bytes into it";
}
