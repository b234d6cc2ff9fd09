using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Analysis.Translate;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
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
            RangeOf(physical),
            Aliases(physical, address),
            MappedBy(physical, walk?.Root, address),
            everySpace ? Spaces(address) : [],
            machine.Kernel.ProcessTables?.Count);
    }

    public Explanation PhysicalAddress(PhysicalAddress address)
    {
        SymbolOffset? symbol = machine.Kernel.Text.PhysicalRange.Contains(address) ? machine.SymbolAt(machine.Kernel.Text.ToVirtual(address)) : null;
        return new(
            new(address.Value), "physical address", null, symbol?.ToString(), symbol?.Symbol.Type, null, null, null,
            address, address.Frame, RangeOf(address), Aliases(address, null), MappedBy(address, null, null), [], machine.Kernel.ProcessTables?.Count);
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
            case RegionKind.KernelText:
                return "outside the kernel's image, in the space kept for it";
            default:
                return null;
        }
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

    private RangeReport? RangeOf(PhysicalAddress? physical) => physical is PhysicalAddress at ? RangeReport.Around(machine.Kernel.Memory, at) : null;

    private List<AliasReport> Aliases(PhysicalAddress? physical, VirtualAddress? self)
    {
        List<AliasReport> aliases = [];
        if (physical is not PhysicalAddress page)
        {
            return aliases;
        }

        ulong within = page.Value % PageFrame.Size;
        foreach (PageMapper mapper in machine.ReverseMap.MappersOf(page.Frame).Where(mapper => mapper.Root is null && mapper.Address + within != self))
        {
            aliases.Add(AliasReport.Of(machine, mapper.Address + within, mapper.Rights));
        }

        if (machine.Kernel.Facts.VmemmapBase is { } vmemmap)
        {
            VirtualAddress structPage = vmemmap.Value + (page.Frame.Number * (ulong)machine.Kernel.StructPageBytes);
            AddressTranslation translation = machine.Kernel.Space.Translate(structPage);
            if (translation.Physical is not null)
            {
                aliases.Add(new(structPage, "its struct page (vmemmap)", RightsText.Of(translation.Rights)));
            }
        }

        return aliases;
    }

    /// <summary>Every user address of a physical byte, but for the one that was asked for.</summary>
    private List<SpaceReport> MappedBy(PhysicalAddress? physical, PhysicalAddress? ownRoot, VirtualAddress? self)
    {
        List<SpaceReport> mappers = [];
        if (physical is not PhysicalAddress page)
        {
            return mappers;
        }

        ulong within = page.Value % PageFrame.Size;
        foreach (PageMapper mapper in machine.ReverseMap.MappersOf(page.Frame))
        {
            if (mapper.Root is PhysicalAddress root && (root != ownRoot || mapper.Address + within != self))
            {
                mappers.Add(new(root, mapper.Address + within, page, mapper.PageSize, RightsText.Of(mapper.Rights), null));
            }
        }

        return mappers;
    }

    private List<SpaceReport> Spaces(VirtualAddress address)
    {
        List<SpaceReport> spaces = [];
        foreach (PhysicalAddress root in machine.Kernel.ProcessTables ?? [])
        {
            TranslationReport walk = TranslationReport.Of(machine, address, root);
            if (walk.Physical is not null || walk.NotPresent is { Kind: not Linux.Paging.NonPresentKind.Empty })
            {
                spaces.Add(new(root, address, walk.Physical, walk.PageSize, walk.Rights, walk.Reason));
            }
        }

        return spaces;
    }
}
