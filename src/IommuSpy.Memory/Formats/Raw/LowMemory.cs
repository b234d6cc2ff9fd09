namespace IommuSpy.Memory.Formats.Raw;

/// <summary>Where machine models end low memory when there is more of it; the rest stands at 4 GiB.</summary>
internal static class LowMemory
{
    private const ulong MiB = 1UL << 20;

    // By how common they are: QEMU q35 (hw/i386/pc_q35.c: 2 GiB, or 2.75 GiB with less than that), QEMU i440fx (hw/i386/pc_piix.c: 3 GiB, or 3.5 GiB), Cloud
    // Hypervisor, VMware and Firecracker (3 GiB and 3.25 GiB).
    private static readonly ulong[] Known = [2048 * MiB, 3072 * MiB, 2816 * MiB, 3584 * MiB, 3328 * MiB];

    /// <summary>Where RAM begins on machines where it does not at 0, and that nothing in memory tells of: boards of arm64, and QEMU's virt.</summary>
    internal static IReadOnlyList<ulong> Starts { get; } = [1024 * MiB, 2048 * MiB];

    /// <summary>The splits that memory of a length may have, likeliest first; 0 is none.</summary>
    /// <param name="length">Bytes of RAM.</param>
    /// <param name="said">What the user said: the only one then.</param>
    internal static IEnumerable<ulong> Candidates(ulong length, ulong? said) => said switch
    {
        ulong split when split == 0 || split >= length => [0],
        ulong split => [split],
        null => [0, .. Known.Where(split => split < length)],
    };
}
