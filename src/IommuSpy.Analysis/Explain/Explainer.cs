using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Who;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Explain;

/// <summary>Gathers an <see cref="Explanation"/>.</summary>
internal sealed class Explainer(Machine machine)
{
    // Linux: the fixmap ends one page below the 2 MiB that hold the vsyscall page (arch/x86/include/asm/fixmap.h, FIXADDR_TOP).
    private const ulong FixmapTop = 0xffff_ffff_ff7f_f000;

    public Explanation Virtual(VirtualAddress address, PhysicalAddress? root)
    {
        AddressKind kind = machine.KindOf(address);
        bool everySpace = kind == AddressKind.UserVirtual && root is null;
        TranslationReport? walk = everySpace ? null : TranslationReport.Of(machine, address, root);
        PhysicalAddress? physical = walk?.Physical;
        LayoutRegion region = machine.Layout.RegionOf(address);
        SymbolOffset? symbol = machine.SymbolAt(address);
        WhoReport? who = physical is PhysicalAddress page ? WhoReport.Of(machine, page) : null;
        return new(
            new(address.Value),
            kind.Words(),
            new(region.Name, region.Start, region.End, new(address - region.Start), region.Documented?.Start),
            symbol?.ToString(),
            symbol?.Symbol.Type,
            Content(address, region),
            walk,
            Arithmetic(address, kind, region, physical),
            physical,
            physical?.Frame,
            who?.MemoryRange,
            Aliases(who, address),
            MappedBy(who, walk?.Root, address),
            who?.Reach,
            everySpace ? Spaces(address) : [],
            machine.Kernel.ProcessTables?.Count);
    }

    public Explanation PhysicalAddress(PhysicalAddress address)
    {
        WhoReport who = WhoReport.Of(machine, address);
        SymbolOffset? symbol = machine.Kernel.Text.PhysicalRange.Contains(address) ? machine.SymbolAt(machine.Kernel.Text.ToVirtual(address)) : null;
        return new(
            new(address.Value), "physical address", null, symbol?.ToString(), symbol?.Symbol.Type, null, null, null,
            address, address.Frame, who.MemoryRange, Aliases(who, null), MappedBy(who, null, null), who.Reach, [], machine.Kernel.ProcessTables?.Count);
    }

    /// <summary>What a region's own structure tells of an address in it.</summary>
    private string? Content(VirtualAddress address, LayoutRegion region)
    {
        switch (region.Kind)
        {
            case RegionKind.Vmemmap when machine.Kernel.Facts.VmemmapBase is { } vmemmap:
                ulong size = (ulong)machine.Kernel.StructPageBytes;
                ulong distance = address - vmemmap.Value;
                PageFrame frame = new(distance / size);
                return $"struct page of pfn {frame} (physical {frame.Address})" + Into(distance % size);
            case RegionKind.Fixmap when address.Value <= FixmapTop:
                return $"fixmap slot {(FixmapTop - (address.Value & ~0xfffUL)) >> PageFrame.Shift}, counted down from {new VirtualAddress(FixmapTop)}";
            case RegionKind.KernelText when machine.Kernel.Text.Contains(address):
                return ImageSection.Of(machine, address);
            case RegionKind.Modules or RegionKind.KernelText when machine.ReadableModules?.At(address) is KernelModule module:
                return ModuleContent(module, address);
            case RegionKind.KernelText:
                return "outside the kernel's image, in the space kept for it";
            default:
                return null;
        }
    }

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

    private string? Arithmetic(VirtualAddress address, AddressKind kind, LayoutRegion region, PhysicalAddress? physical)
    {
        string agreement(PhysicalAddress sum) => physical is null ? ", but the tables map nothing there" : physical == sum ? "" : $", but the tables say {physical}";
        KernelFacts facts = machine.Kernel.Facts;
        if (kind == AddressKind.KernelLogical && facts.PageOffsetBase is { } direct)
        {
            PhysicalAddress sum = new(address - direct.Value);
            return $"0x{address.Value:x} - page_offset_base 0x{direct.Value.Value:x} = 0x{sum.Value:x}{agreement(sum)}";
        }

        if (region.Kind == RegionKind.KernelText && machine.Kernel.Text.Contains(address))
        {
            PhysicalAddress sum = machine.Kernel.Text.ToPhysical(address);
            long moved = unchecked((long)facts.PhysicalBase.Value);
            string offset = moved < 0 ? $"- 0x{-moved:x}" : $"+ 0x{moved:x}";
            return $"0x{address.Value:x} - 0x{TextMapping.MapStart:x} {offset} (phys_base) = 0x{sum.Value:x}{agreement(sum)}";
        }

        return null;
    }

    /// <summary>Every other kernel address of the page, and where its struct page is.</summary>
    private List<AliasReport> Aliases(WhoReport? who, VirtualAddress? self)
    {
        List<AliasReport> aliases = [];
        if (who is null)
        {
            return aliases;
        }

        aliases.AddRange(who.Kernel.Where(alias => alias.Address != self));
        if (machine.Kernel.Facts.VmemmapBase is { } vmemmap)
        {
            VirtualAddress structPage = vmemmap.Value + (who.Pfn.Number * (ulong)machine.Kernel.StructPageBytes);
            AddressTranslation translation = machine.Kernel.Space.Translate(structPage);
            if (translation.Physical is not null)
            {
                aliases.Add(new(structPage, "its struct page (vmemmap)", RightsText.Of(translation.Rights)));
            }
        }

        return aliases;
    }

    /// <summary>Every user address of the byte, but for the one that was asked for.</summary>
    private static List<MapperReport> MappedBy(WhoReport? who, PhysicalAddress? ownRoot, VirtualAddress? self) =>
        [.. (who?.Processes ?? []).Where(mapper => mapper.Root != ownRoot || mapper.Address != self)];

    private List<SpaceReport> Spaces(VirtualAddress address)
    {
        List<SpaceReport> spaces = [];
        foreach (PhysicalAddress root in machine.Kernel.ProcessTables ?? [])
        {
            TranslationReport walk = TranslationReport.Of(machine, address, root);
            if (walk.Physical is not null || walk.NotPresent is { Kind: not Linux.Paging.NonPresentKind.Empty })
            {
                spaces.AddRange(SpaceReport.Of(machine, walk));
            }
        }

        return [.. spaces.OrderBy(space => space.Pid ?? int.MaxValue)];
    }
}
