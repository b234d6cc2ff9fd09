using IommuSpy.Memory;

namespace IommuSpy.Linux.Hooks;

/// <summary>A place where the kernel leaves its own code, or is made to stop in it.</summary>
/// <param name="Kind">How.</param>
/// <param name="At">
/// The instruction, pointer or gate; of the tracer and of probes the instruction at which they are called, or the registered structure where that is every
/// function; of memory its first byte.
/// </param>
/// <param name="Target">Where that leads; of memory its last byte; null where a probe calls nothing.</param>
/// <param name="Owner">Whose code is there: "kernel", "module nf_tables", "BPF bpf_prog_6deef7357e7b4530"; null where nobody's is known to be.</param>
/// <param name="Explained">What of the kernel's own records accounts for it: "static call perf_guest_state"; null where nothing does.</param>
public sealed record KernelHook(KernelHookKind Kind, VirtualAddress At, VirtualAddress? Target, string? Owner, string? Explained);
