using IommuSpy.Analysis.Explain;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Cli.Text;

/// <summary>What a line means, in a sentence or two: --teach writes it below the line.</summary>
internal static class Lessons
{
    public const string Walk = "The CPU translates an address in steps: nine bits of it choose one of 512 entries in each table, and that entry holds the "
        + "physical address of the next table, or of the page itself.";
    public const string Rights = "Every level can take rights away and none can give them back: what counts is what all of them allow together.";
    public const string NotPresent = "Bit 0 of the entry is clear, so the CPU faults here and ignores the rest of it, which the kernel may use as it likes: "
        + "0 for nothing, or a note of where the page is.";
    public const string Physical = "What the CPU puts on the memory bus. The page frame number (pfn) is this divided by 4096.";
    public const string Symbol = "The kernel's own table of names (kallsyms), read out of the same memory: no debug files.";
    public const string AlsoAt = "The same physical page can be mapped at several addresses. A write through one shows at all of them, with the rights that "
        + "each mapping gives.";
    public const string MappedBy = "The processes whose tables lead to the same physical page: shared memory, a shared file, or a page that a fork left to "
        + "both until one writes.";
    public const string Devices = "Devices put addresses on the bus too (DMA). An IOMMU translates those by tables of its own, so that a device reaches what "
        + "is mapped for it and nothing else; without one, or passed through, it reaches everything.";
    public const string Spaces = "Each process has page tables of its own, so the same user address means something else, or nothing, in each of them.";

    /// <summary>What the kind of an address means.</summary>
    public static string? Kind(string kind) => kind switch
    {
        "kernel logical address" =>
            "An address in the direct map, where the kernel maps all physical memory at one fixed distance: subtract page_offset_base and you have the "
                + "physical address, no tables needed. kmalloc returns such addresses.",
        "kernel virtual address" =>
            "A kernel address outside the direct map: only the page tables know its physical page, and neighbours there need not be "
                + "neighbours in physical memory.",
        "user virtual address" => "An address of one process: only that process's page tables give it a meaning.",
        "non-canonical address" =>
            "The CPU translates only the low bits of an address and demands that all bits above repeat the highest of them; this one does not, so any access "
                + "faults before a table is read.",
        "physical address" => Physical,
        _ => null,
    };

    public const string Unit = "A device's requests reach memory through its IOMMU, which looks up the tables for the device by its bus number, device and "
        + "function; whoever shares a domain shares its tables.";
    public const string DeviceEntry = "Where the IOMMU keeps what it knows of this device: the context or device table entry that leads to the tables.";
    public const string DeviceWalk = "Like the CPU's page tables, and read by the IOMMU: nine bits of the address choose an entry at each level.";
    public const string DeviceRights = "Whether the device may read and write there. It is no question of user or kernel: a device has neither.";
    public const string DevicePhysical = "What the request reaches. The device never sees this address.";
    public const string Exposure = "A page is the least that an IOMMU maps: what else lies on it, the device gets too.";

    /// <summary>What a region of the kernel's half is for; and what else it is known for.</summary>
    public static string Region(RegionOffset region) => region.Kind switch
    {
        RegionKind.DirectMap => "The direct map: all physical memory at one distance. KASLR chooses the distance at every boot.",
        RegionKind.Vmalloc => "vmalloc, ioremap and kernel stacks get their addresses here, page by page, with a gap behind each piece.",
        RegionKind.Vmemmap => "The array of struct page: 64 bytes or so for each page frame, in the order of frames, so that an address here is a page frame.",
        RegionKind.KernelText => "The kernel's image: code, constants, variables. KASLR moves it by a multiple of 2 MiB, apart from the other regions.",
        RegionKind.Modules => "Loaded modules, and code that the kernel generates (eBPF, ftrace), within 2 GiB of the kernel's code so that calls reach.",
        RegionKind.LdtRemap => "Local descriptor tables of processes that have one, mapped again for page-table isolation. Most processes have none.",
        RegionKind.CpuEntryArea => "What a CPU needs to enter the kernel, also under page-table isolation: descriptor tables, entry stacks.",
        RegionKind.EspFixup => "Small stacks for returning to 16-bit code; one page is mapped again and again.",
        RegionKind.Efi => "EFI runtime services: mapped in page tables of their own and empty in the others.",
        RegionKind.Fixmap => "Addresses known when the kernel is compiled, whose pages are set while it runs.",
        RegionKind.PciIo => "The I/O ports of PCI devices, as memory: this CPU has no instructions for ports.",
        RegionKind.Vsyscall => "The old system calls at a fixed address; today the kernel emulates them.",
        RegionKind.KasanShadow => "One byte for each eight of kernel memory, on kernels built with KASAN.",
        RegionKind.Hole => "Kept free: nothing should be mapped here.",
        _ => "One of the parts that the address space is divided into.",
    } + (region.Elsewhere is string elsewhere ? $" Other releases document something else at this address: {elsewhere}." : "");

    /// <summary>What the flags of page-table entries mean; null for none.</summary>
    public static string? Flags(IEnumerable<string> flags)
    {
        string[] meanings = [.. flags.Distinct(StringComparer.Ordinal).Select(Flag).OfType<string>()];
        return meanings.Length == 0 ? null : $"{string.Join(", ", meanings)}.";
    }

    // Intel SDM volume 3A, 5.5 "4-level paging and 5-level paging".
    private static string? Flag(string flag) => flag switch
    {
        "P" => "P present",
        "RW" => "RW may be written",
        "US" => "US user mode may",
        "PWT" => "PWT write-through",
        "PCD" => "PCD not cached",
        "A" => "A was used",
        "D" => "D was written",
        "PS" => "PS is the page itself and no table",
        "PAT" => "PAT memory type by the table of types",
        "G" => "G stays when CR3 changes",
        "NX" => "NX no code",
        _ => null,
    };

    /// <summary>What a sum means.</summary>
    public const string Arithmetic = "The kernel converts such addresses with one subtraction, without page tables; here the tables are asked as well, and "
        + "must agree.";
}
