namespace IommuSpy;

/// <summary>Another kernel address that has to do with the same physical page.</summary>
/// <param name="Address">The virtual address.</param>
/// <param name="What">What it is: "kernel logical address (direct map)", "its struct page (vmemmap)".</param>
/// <param name="Rights">What it lets the kernel do there: "kernel rw-".</param>
public sealed record KernelAlias(ulong Address, string What, string Rights);
