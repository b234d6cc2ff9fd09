namespace IommuSpy.Linux.Hooks;

/// <summary>Whose executable memory is.</summary>
/// <param name="IsModule">Whether it is a listed module's, to which the kernel's own code leads only where its records say so.</param>
/// <param name="Name">"kernel", "module nf_tables", "BPF bpf_prog_6deef7357e7b4530", "memory of create_trampoline".</param>
internal sealed record CodeOwner(bool IsModule, string Name)
{
    /// <summary>The kernel's image.</summary>
    public static CodeOwner Kernel { get; } = new(false, "kernel");
}
