using IommuSpy.Memory;

namespace IommuSpy.Analysis;

/// <summary>An address that a user wrote, and what kind of address that says it is.</summary>
/// <param name="Sort">What kind the text says it is.</param>
/// <param name="Value">The address. Of a page frame, the physical address of its first byte.</param>
/// <param name="Name">Of one CPU's copy of a per-CPU symbol, its name as it is accepted back: "runqueues:1+0x10"; null for everything else.</param>
public readonly record struct NamedAddress(AddressSort Sort, ulong Value, string? Name = null)
{
    /// <summary>The address, as a virtual one.</summary>
    public VirtualAddress Virtual => new(Value);

    /// <summary>The address, as a physical one.</summary>
    public PhysicalAddress Physical => new(Value);

    /// <summary>What it is, in words: "a physical address".</summary>
    public string SortText => Sort switch
    {
        AddressSort.Physical => "a physical address",
        AddressSort.GuestPhysical => "an address that a virtual machine takes for physical",
        AddressSort.IoVirtual => "an I/O virtual address",
        AddressSort.Symbol => "a kernel virtual address",
        _ => "an address",
    };
}

/// <summary>What the text of an address says of its kind.</summary>
public enum AddressSort
{
    /// <summary>A bare number: nothing. What it means is for the question to say.</summary>
    Unsaid,

    /// <summary>A symbol: a virtual address of the kernel.</summary>
    Symbol,

    /// <summary>"pfn:" or "phys:": a physical address.</summary>
    Physical,

    /// <summary>"gpa:": what a virtual machine takes for a physical address.</summary>
    GuestPhysical,

    /// <summary>"iova:": what a device puts on the bus.</summary>
    IoVirtual,
}

/// <summary>Why a text leads to no address.</summary>
/// <param name="Message">What is wrong, in one line.</param>
/// <param name="IsBadText">Whether the text itself is wrong or says too little; otherwise this machine has no answer to it.</param>
public sealed record AddressProblem(string Message, bool IsBadText = true);
