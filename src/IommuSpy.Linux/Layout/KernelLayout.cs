using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Layout;

/// <summary>The virtual memory map of one kernel: its regions without gaps, in address order, where they really are.</summary>
public sealed class KernelLayout
{
    private readonly LayoutRegion[] _regions;

    private KernelLayout(DocumentedLayout documented, LayoutRegion[] regions)
    {
        Documented = documented;
        _regions = regions;
    }

    /// <summary>The map that the documentation of this release gives.</summary>
    public DocumentedLayout Documented { get; }

    /// <summary>The regions, in address order.</summary>
    public IReadOnlyList<LayoutRegion> Regions => _regions;

    /// <summary>The map of a kernel: documented where it is fixed, found where the kernel chooses.</summary>
    public static KernelLayout Of(LinuxKernel kernel) => Of(
        kernel.Architecture.FindLayout(kernel.Facts.Release.Value, kernel.Mode), kernel.Architecture, kernel.Facts, HasShadow(kernel))
        .WithImage(kernel.Text);

    /// <inheritdoc cref="Of(LinuxKernel)"/>
    /// <param name="architecture">The architecture.</param>
    /// <param name="facts">What was found out of the kernel.</param>
    /// <param name="hasShadow">Whether it was built with KASAN.</param>
    internal static KernelLayout Of(CpuArchitecture architecture, KernelFacts facts, bool hasShadow) =>
        Of(architecture.FindLayout(facts.Release.Value, facts.PagingLevels.Value), architecture, facts, hasShadow);

    private static KernelLayout Of(DocumentedLayout? found, CpuArchitecture architecture, KernelFacts facts, bool hasShadow)
    {
        DocumentedLayout documented = found ?? architecture.NewestLayout(facts.PagingLevels.Value);
        List<Placed> placed = [];
        foreach (DocumentedRegion row in documented.Regions)
        {
            Fact<VirtualAddress>? told = architecture.BeginningOf(row.Kind, facts);

            // Holes are what is left over, and KASAN's shadow is there only where the bases are not randomised.
            if (row.Kind == RegionKind.Hole || (row.Kind == RegionKind.KasanShadow && !hasShadow))
            {
                continue;
            }

            // The documentation gives modules 1520 MiB from the end of text; the end stays when text takes 1 GiB.
            VirtualAddress start = told?.Value ?? row.Start;
            VirtualAddress end = row.Kind == RegionKind.Modules ? row.End : start + (row.End - row.Start);
            placed.Add(new(row, start, end, told is null ? "documented" : told.Witnesses[0].Source));
        }

        placed.Sort((a, b) => a.Start.CompareTo(b.Start));
        List<LayoutRegion> regions = [];
        ulong next = 0;
        for (int i = 0; i < placed.Count; i++)
        {
            Placed here = placed[i];
            ulong start = Math.Max(here.Start.Value, next);
            ulong limit = i + 1 < placed.Count ? placed[i + 1].Start.Value - 1 : ulong.MaxValue;
            ulong end = here.Row.Kind == RegionKind.KernelText ? limit : Math.Min(here.End.Value < here.Start.Value ? ulong.MaxValue : here.End.Value, limit);
            if (end < start)
            {
                continue;
            }

            if (start > next)
            {
                regions.Add(Gap(next, start - 1));
            }

            regions.Add(new(here.Row.Kind, NameOf(here.Row.Kind), new(start), new(end), here.Row, here.Start != here.Row.Start, here.Source));
            next = end + 1;
            if (next == 0)
            {
                break;
            }
        }

        if (next != 0)
        {
            regions.Add(Gap(next, ulong.MaxValue));
        }

        return new(documented, [.. regions]);
    }

    /// <summary>The region of an address. Every address has one.</summary>
    public LayoutRegion RegionOf(VirtualAddress address)
    {
        int low = 0;
        int high = _regions.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_regions[middle].Start.CompareTo(address) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _regions[low];
    }

    /// <summary>A region kind in the words of tables and sentences.</summary>
    public static string NameOf(RegionKind kind) => kind switch
    {
        RegionKind.UserSpace => "user space",
        RegionKind.NonCanonical => "non-canonical",
        RegionKind.Hole => "hole",
        RegionKind.LdtRemap => "LDT remap",
        RegionKind.DirectMap => "direct map",
        RegionKind.Vmalloc => "vmalloc",
        RegionKind.Vmemmap => "vmemmap",
        RegionKind.KasanShadow => "KASAN shadow",
        RegionKind.CpuEntryArea => "cpu_entry_area",
        RegionKind.EspFixup => "%esp fixup stacks",
        RegionKind.Efi => "EFI runtime",
        RegionKind.KernelText => "kernel text",
        RegionKind.Modules => "modules",
        RegionKind.Fixmap => "fixmap",
        RegionKind.PciIo => "PCI I/O",
        RegionKind.Vsyscall => "vsyscall",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such region kind"),
    };

    // Where the documentation keeps no space for the image, it lies in another region.
    private KernelLayout WithImage(TextMapping text)
    {
        if (_regions.Any(region => region.Kind == RegionKind.KernelText))
        {
            return this;
        }

        LayoutRegion around = RegionOf(text.Start);
        VirtualAddress last = text.Start + (text.Length - 1);
        List<LayoutRegion> parts = [new(RegionKind.KernelText, NameOf(RegionKind.KernelText), text.Start, last, null, Moved: false, "page tables")];
        if (around.Start != text.Start)
        {
            parts.Insert(0, around with { End = new(text.Start.Value - 1) });
        }

        if (around.End.CompareTo(last) > 0)
        {
            parts.Add(around with { Start = last + 1 });
        }

        return new(Documented, [.. _regions.SelectMany(region => region == around ? parts : [region])]);
    }

    private static bool HasShadow(LinuxKernel kernel) => kernel.Kallsyms?.Symbols.TryFind("kasan_early_shadow_page", out _) == true
        || kernel.Kallsyms?.Symbols.TryFind("kasan_zero_page", out _) == true;

    private static LayoutRegion Gap(ulong start, ulong end) =>
        new(RegionKind.Hole, NameOf(RegionKind.Hole), new(start), new(end), null, Moved: false, "between regions");

    private readonly record struct Placed(DocumentedRegion Row, VirtualAddress Start, VirtualAddress End, string Source);
}
