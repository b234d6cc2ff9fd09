namespace IommuSpy.Cli.Text;

/// <summary>What a line means, in a sentence or two: --teach writes it below the line.</summary>
internal static class Lessons
{
    public const string Walk = "The CPU translates an address in steps: nine bits of it choose one of 512 entries in each table, and that entry holds the "
        + "physical address of the next table, or of the page itself.";
    public const string Rights = "Every level can take rights away and none can give them back: what counts is what all of them allow together.";
    public const string NotPresent = "Bit 0 of the entry is clear, so the CPU faults here and ignores the rest of it; the kernel uses that rest to remember "
        + "where the page is.";
    public const string Physical = "What the CPU puts on the memory bus. The page frame number (pfn) is this divided by 4096.";
    public const string Region = "The kernel divides its half of the address space into regions, each for one purpose; KASLR moves most of them at every boot.";
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
            "A kernel address whose physical page only the page tables know: neighbours in virtual memory need not be neighbours in physical memory. vmalloc "
                + "and modules get such addresses.",
        "user virtual address" => "An address of one process: only that process's page tables give it a meaning.",
        "non-canonical address" =>
            "The CPU translates only the low bits of an address and demands that all bits above repeat the highest of them; this one does not, so any access "
                + "faults before a table is read.",
        "physical address" => Physical,
        _ => null,
    };

    /// <summary>What a sum means.</summary>
    public const string Arithmetic = "The kernel converts such addresses with one subtraction, without page tables; here the tables are asked as well, and "
        + "must agree.";
}
