using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Explain;

/// <summary>Gathers an <see cref="Explanation"/>.</summary>
internal sealed class Explainer(Machine machine)
{
    public Explanation Virtual(VirtualAddress address, PhysicalAddress? root)
    {
        AddressKind kind = machine.KindOf(address);
        bool everySpace = kind == AddressKind.UserVirtual && root is null;
        TranslationReport? walk = everySpace ? null : TranslationReport.Of(machine, address, root);
        PhysicalAddress? physical = walk?.Physical;
        LayoutRegion region = machine.Parts.Layout.RegionOf(address);
        SymbolOffset? symbol = machine.Parts.SymbolAt(address);
        KernelTask? owner = kind == AddressKind.UserVirtual && walk is not null && machine.Parts.OwnersOf(walk.Root) is [KernelTask first, ..] ? first : null;
        WhoReport? who = physical is PhysicalAddress page ? WhoReport.Of(machine, page) : null;
        return new(
            new(address.Value),
            kind.Words(),
            RegionOffset.Of(machine.Kernel, address, region),
            symbol?.ToString(),
            symbol?.Symbol.Type,
            owner?.Pid,
            owner?.Comm,
            VmaAt(owner, address),
            new RegionContent(machine).Of(address, region),
            walk,
            Arithmetic(address, kind, region, physical),
            physical,
            physical?.Frame,
            who?.MemoryRange,
            who?.Page ?? LostPage(walk),
            who?.PageAbsence,
            Aliases(who, address),
            MappedBy(who, walk?.Root, address),
            who?.Reach,
            everySpace ? Spaces(address) : [],
            ProcessesAsked())
        {
            ContentAbsence = who?.ContentAbsence,
            InHost = InHost(physical),
        };
    }

    public Explanation PhysicalAddress(PhysicalAddress address)
    {
        WhoReport who = WhoReport.Of(machine, address);
        SymbolOffset? symbol = machine.Parts.SymbolAt(address);
        return new(
            new(address.Value), "physical address", null, symbol?.ToString(), symbol?.Symbol.Type, null, null, null, null, null, null,
            address, address.Frame, who.MemoryRange, who.Page, who.PageAbsence, Aliases(who, null), MappedBy(who, null, null), who.Reach, [],
            ProcessesAsked())
        {
            ContentAbsence = who.ContentAbsence,
            InHost = InHost(address),
        };
    }

    private HostPageReport? InHost(PhysicalAddress? physical) =>
        machine.Place is GuestPlace place && physical is PhysicalAddress address ? HostPageReport.Of(place, address) : null;

    // How many address spaces of processes were looked at: those on the kernel's list that are not its own.
    private int? ProcessesAsked() =>
        machine.Parts.ProcessTables is { } tables ? tables.Count(root => machine.Parts.Tasks.Value?.KernelMemories.ContainsKey(root) != true) : null;

    // A poison entry is no translation, and names the page that broke.
    private PageReport? LostPage(TranslationReport? walk) =>
        walk?.NotPresent is { Kind: NonPresentKind.HardwarePoison, Pfn: PageFrame frame } && machine.Parts.Pages.Value is not null
            ? PageReport.Of(machine, frame)
            : null;

    private string? Arithmetic(VirtualAddress address, AddressKind kind, LayoutRegion region, PhysicalAddress? physical)
    {
        string agreement(PhysicalAddress sum) =>
            physical is null ? ", but the tables map nothing there" : physical == sum ? "" : $", but the tables say {physical}";
        KernelFacts facts = machine.Kernel.Facts;
        if (kind == AddressKind.KernelLogical && facts.PageOffsetBase is { } direct)
        {
            PhysicalAddress sum = new(address - direct.Value);
            return $"0x{address.Value:x} - page_offset_base 0x{direct.Value.Value:x} = 0x{sum.Value:x}{agreement(sum)}";
        }

        if (region.Kind == RegionKind.KernelText && machine.Kernel.Text.Contains(address))
        {
            PhysicalAddress sum = machine.Kernel.Text.ToPhysical(address);
            if (machine.Kernel.Text.MapStart.Value == 0)
            {
                CpuArchitecture architecture = machine.Kernel.Architecture;
                return $"0x{address.Value:x} - 0x{architecture.DistanceOf(facts.PhysicalBase.Value):x} ({architecture.PhysicalBaseName}) = "
                    + $"0x{sum.Value:x}{agreement(sum)}";
            }

            long moved = unchecked((long)facts.PhysicalBase.Value);
            string offset = moved < 0 ? $"- 0x{-moved:x}" : $"+ 0x{moved:x}";
            return $"0x{address.Value:x} - 0x{machine.Kernel.Text.MapStart.Value:x} {offset} ({machine.Kernel.Architecture.PhysicalBaseName}) = "
                + $"0x{sum.Value:x}{agreement(sum)}";
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

        aliases.AddRange(who.Kernel.Where(alias => alias.Virtual != self));
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
        [.. (who?.Processes ?? []).Where(mapper => mapper.Root != ownRoot || mapper.Virtual != self)];

    /// <summary>The area of a process that holds a user address; null where none does, and where its areas cannot be read.</summary>
    private VmaReport? VmaAt(KernelTask? process, VirtualAddress address) =>
        process is not null && machine.Parts.MemoryOf(process).Value is not null ? VmaReport.At(machine, process, address) : null;

    private List<SpaceReport> Spaces(VirtualAddress address)
    {
        List<SpaceReport> spaces = [];
        foreach (PhysicalAddress root in machine.Parts.ProcessTables ?? [])
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
