using System.Globalization;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>The x86-64 virtual memory map as the kernel's documentation gives it, release by release.</summary>
internal static class X64Layouts
{
    private const ulong KernelHalfShared = 0xffff_fc00_0000_0000;

    /// <summary>3.16, the map the project started from.</summary>
    public static DocumentedLayout Linux316 { get; } = new("x86-64", "3.x - 4.7", 4, "Documentation/x86/x86_64/mm.txt, Linux 3.16.59",
    [
        Row(RegionKind.UserSpace, 0x0000000000000000, 0x00007fffffffffff, "user space, different per mm"),
        Row(RegionKind.NonCanonical, 0x0000800000000000, 0xffff7fffffffffff, "hole caused by [48:63] sign extension"),
        Row(RegionKind.Hole, 0xffff800000000000, 0xffff80ffffffffff, "guard hole, reserved for hypervisor"),
        Row(RegionKind.DirectMap, 0xffff880000000000, 0xffffc7ffffffffff, "direct mapping of all physical memory"),
        Row(RegionKind.Hole, 0xffffc80000000000, 0xffffc8ffffffffff, "hole"),
        Row(RegionKind.Vmalloc, 0xffffc90000000000, 0xffffe8ffffffffff, "vmalloc/ioremap space"),
        Row(RegionKind.Hole, 0xffffe90000000000, 0xffffe9ffffffffff, "hole"),
        Row(RegionKind.Vmemmap, 0xffffea0000000000, 0xffffeaffffffffff, "virtual memory map (struct page)"),
        Row(RegionKind.EspFixup, 0xffffff0000000000, 0xffffff7fffffffff, "%esp fixup stacks"),
        Row(RegionKind.Efi, 0xffffffef00000000, 0xfffffffeffffffff, "EFI runtime services, in trampoline_pgd"),
        Row(RegionKind.KernelText, 0xffffffff80000000, 0xffffffff9fffffff, "kernel text mapping, from phys 0"),
        Row(RegionKind.Modules, 0xffffffffa0000000, 0xffffffffff5fffff, "module mapping space"),
        Row(RegionKind.Vsyscall, 0xffffffffff600000, 0xffffffffffdfffff, "vsyscalls"),
        Row(RegionKind.Hole, 0xffffffffffe00000, 0xffffffffffffffff, "unused hole"),
    ]);

    /// <summary>4.8 to 4.20, before the direct map made room for the LDT: the bases can be randomised.</summary>
    public static DocumentedLayout Linux48 { get; } = new("x86-64", "4.8 - 4.19", 4, "Documentation/x86/x86_64/mm.txt, Linux 4.9 and 4.15",
    [
        Row(RegionKind.UserSpace, 0x0000000000000000, 0x00007fffffffffff, "user space, different per mm"),
        Row(RegionKind.NonCanonical, 0x0000800000000000, 0xffff7fffffffffff, "hole caused by [48:63] sign extension"),
        Row(RegionKind.Hole, 0xffff800000000000, 0xffff87ffffffffff, "guard hole, reserved for hypervisor"),
        Row(RegionKind.DirectMap, 0xffff880000000000, 0xffffc7ffffffffff, "direct mapping of all physical memory"),
        Row(RegionKind.Hole, 0xffffc80000000000, 0xffffc8ffffffffff, "hole"),
        Row(RegionKind.Vmalloc, 0xffffc90000000000, 0xffffe8ffffffffff, "vmalloc/ioremap space"),
        Row(RegionKind.Hole, 0xffffe90000000000, 0xffffe9ffffffffff, "hole"),
        Row(RegionKind.Vmemmap, 0xffffea0000000000, 0xffffeaffffffffff, "virtual memory map (struct page)"),
        Row(RegionKind.KasanShadow, 0xffffec0000000000, 0xfffffbffffffffff, "KASAN shadow memory"),
        Row(RegionKind.CpuEntryArea, 0xfffffe0000000000, 0xfffffe7fffffffff, "cpu_entry_area mapping (since 4.15)"),
        Row(RegionKind.EspFixup, 0xffffff0000000000, 0xffffff7fffffffff, "%esp fixup stacks"),
        Row(RegionKind.Efi, 0xffffffef00000000, 0xfffffffeffffffff, "EFI region mapping space"),
        Row(RegionKind.KernelText, 0xffffffff80000000, 0xffffffff9fffffff, "kernel text mapping, from phys 0"),
        Row(RegionKind.Modules, 0xffffffffa0000000, 0xfffffffffeffffff, "module mapping space"),
        Row(RegionKind.Fixmap, 0xffffffffff000000, 0xffffffffff5fffff, "fixmap"),
        Row(RegionKind.Vsyscall, 0xffffffffff600000, 0xffffffffffdfffff, "vsyscalls"),
        Row(RegionKind.Hole, 0xffffffffffe00000, 0xffffffffffffffff, "unused hole"),
    ]);

    /// <summary>4.20 (4.19.5, 4.14.84) to today, 4-level tables.</summary>
    public static DocumentedLayout Linux420 { get; } = new("x86-64", "4.20 and later", 4, "Documentation/arch/x86/x86_64/mm.rst",
    [
        Row(RegionKind.UserSpace, 0x0000000000000000, 0x00007fffffffffff, "user space, different per mm"),
        Row(RegionKind.NonCanonical, 0x0000800000000000, 0xffff7fffffffffff, "non-canonical hole"),
        Row(RegionKind.Hole, 0xffff800000000000, 0xffff87ffffffffff, "guard hole, reserved for hypervisor"),
        Row(RegionKind.LdtRemap, 0xffff880000000000, 0xffff887fffffffff, "LDT remap for PTI"),
        Row(RegionKind.DirectMap, 0xffff888000000000, 0xffffc87fffffffff, "direct mapping of all physical memory"),
        Row(RegionKind.Hole, 0xffffc88000000000, 0xffffc8ffffffffff, "unused hole"),
        Row(RegionKind.Vmalloc, 0xffffc90000000000, 0xffffe8ffffffffff, "vmalloc/ioremap space"),
        Row(RegionKind.Hole, 0xffffe90000000000, 0xffffe9ffffffffff, "unused hole"),
        Row(RegionKind.Vmemmap, 0xffffea0000000000, 0xffffeaffffffffff, "virtual memory map (struct page)"),
        Row(RegionKind.Hole, 0xffffeb0000000000, 0xffffebffffffffff, "unused hole"),
        Row(RegionKind.KasanShadow, 0xffffec0000000000, 0xfffffbffffffffff, "KASAN shadow memory"),
        .. SharedTop(),
    ]);

    /// <summary>5-level tables, since 4.14 (these bases since 4.20).</summary>
    public static DocumentedLayout Linux420FiveLevel { get; } = new("x86-64", "4.20 and later", 5, "Documentation/arch/x86/x86_64/mm.rst",
    [
        Row(RegionKind.UserSpace, 0x0000000000000000, 0x00ffffffffffffff, "user space, different per mm"),
        Row(RegionKind.NonCanonical, 0x0100000000000000, 0xfeffffffffffffff, "non-canonical hole"),
        Row(RegionKind.Hole, 0xff00000000000000, 0xff0fffffffffffff, "guard hole, reserved for hypervisor"),
        Row(RegionKind.LdtRemap, 0xff10000000000000, 0xff10ffffffffffff, "LDT remap for PTI"),
        Row(RegionKind.DirectMap, 0xff11000000000000, 0xff90ffffffffffff, "direct mapping of all physical memory"),
        Row(RegionKind.Hole, 0xff91000000000000, 0xff9fffffffffffff, "unused hole"),
        Row(RegionKind.Vmalloc, 0xffa0000000000000, 0xffd1ffffffffffff, "vmalloc/ioremap space"),
        Row(RegionKind.Hole, 0xffd2000000000000, 0xffd3ffffffffffff, "unused hole"),
        Row(RegionKind.Vmemmap, 0xffd4000000000000, 0xffd5ffffffffffff, "virtual memory map (struct page)"),
        Row(RegionKind.Hole, 0xffd6000000000000, 0xffdeffffffffffff, "unused hole"),
        Row(RegionKind.KasanShadow, 0xffdf000000000000, 0xfffffbffffffffff, "KASAN shadow memory"),
        .. SharedTop(),
    ]);

    /// <summary>Every documented map, oldest first.</summary>
    public static IReadOnlyList<DocumentedLayout> All { get; } = [Linux316, Linux48, Linux420, Linux420FiveLevel];

    /// <summary>The map that the documentation of a release gives.</summary>
    /// <param name="release">"3.16", "6.1.0-56-amd64".</param>
    /// <param name="levels">4, or 5.</param>
    /// <returns>Null for a text that does not begin with a version, and for 5 levels before there were any.</returns>
    public static DocumentedLayout? For(string release, int levels)
    {
        int[] parts =
            [.. release.Split('.', '-', '+', '_').Take(3)
                .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)];
        if (parts.Length == 0 || parts[0] < 0 || levels is not (4 or 5))
        {
            return null;
        }

        Version version = new(parts[0], parts.Length > 1 ? Math.Max(parts[1], 0) : 0, parts.Length > 2 ? Math.Max(parts[2], 0) : 0);

        // d52888aa2753 ("x86/mm: Move LDT remap out of KASLR region on 5-level paging") went into two long-lived releases too.
        bool movedDirectMap = version >= new Version(4, 20)
            || (version >= new Version(4, 19, 5) && version < new Version(4, 20))
            || (version >= new Version(4, 14, 84) && version < new Version(4, 15));
        return (levels, movedDirectMap) switch
        {
            (5, true) => Linux420FiveLevel,
            (5, false) => null,
            (_, true) => Linux420,
            _ => version >= new Version(4, 8) ? Linux48 : Linux316,
        };
    }

    // Above this both depths are alike.
    private static DocumentedRegion[] SharedTop() =>
    [
        Row(RegionKind.Hole, KernelHalfShared, 0xfffffdffffffffff, "unused hole"),
        Row(RegionKind.CpuEntryArea, 0xfffffe0000000000, 0xfffffe7fffffffff, "cpu_entry_area mapping"),
        Row(RegionKind.Hole, 0xfffffe8000000000, 0xfffffeffffffffff, "unused hole"),
        Row(RegionKind.EspFixup, 0xffffff0000000000, 0xffffff7fffffffff, "%esp fixup stacks"),
        Row(RegionKind.Hole, 0xffffff8000000000, 0xffffffeeffffffff, "unused hole"),
        Row(RegionKind.Efi, 0xffffffef00000000, 0xfffffffeffffffff, "EFI region mapping space"),
        Row(RegionKind.Hole, 0xffffffff00000000, 0xffffffff7fffffff, "2 GiB hole"),
        Row(RegionKind.KernelText, 0xffffffff80000000, 0xffffffff9fffffff, "kernel text mapping, from phys 0"),
        Row(RegionKind.Modules, 0xffffffffa0000000, 0xfffffffffeffffff, "module mapping space"),
        Row(RegionKind.Fixmap, 0xffffffffff000000, 0xffffffffff5fffff, "kernel-internal fixmap range"),
        Row(RegionKind.Vsyscall, 0xffffffffff600000, 0xffffffffff600fff, "legacy vsyscall page"),
        Row(RegionKind.Hole, 0xffffffffff601000, 0xffffffffffffffff, "unused hole"),
    ];

    private static DocumentedRegion Row(RegionKind kind, ulong start, ulong end, string name) => new(kind, new(start), new(end), name);
}
