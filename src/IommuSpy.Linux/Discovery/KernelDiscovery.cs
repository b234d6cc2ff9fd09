using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Looks for the kernel of an image: candidates for its tables first, from registers where the image has them, from where the kernel says that it is, and by a scan otherwise; then what each
/// leads to, until one leads to a kernel all of whose parts agree.
/// </summary>
internal sealed class KernelDiscovery(MemoryImage image)
{
    private const ulong PtiUserHalf = 1UL << PageFrame.Shift;
    private const ulong PagingEnabled = 1UL << 31;

    // Where the kernel's own root is not found, the first of its processes' that maps all of memory does as well; the trampoline's and what has ended do not.
    private const int MostTrials = 8;

    // Bytes of kernel images that are searched in all: some hundred real ones, or eight of the largest there can be.
    private const ulong MostImageBytes = 8UL << 30;
    private const int MostKernels = 64;

    /// <summary>The kernel that most speaks for.</summary>
    /// <exception cref="LinuxDiscoveryException">Nothing in the image leads to a kernel.</exception>
    public LinuxKernel Find()
    {
        KernelTrial? best = null;
        ulong searched = 0;
        int kernels = 0;
        foreach (MemoryLayout layout in image.Layouts)
        {
            Dictionary<(TextMapping Text, int Levels, ulong EntryMask), int> tried = [];
            foreach (RootCandidate candidate in Candidates(layout.Memory))
            {
                // Every process of a kernel leads to the same image; so does a P4D of one with 5 levels, which has the shape of a 4-level root.
                (TextMapping, int, ulong) kind = (candidate.Text, candidate.Levels, candidate.EntryMask);
                int before = tried.GetValueOrDefault(kind);
                if (before >= MostTrials)
                {
                    continue;
                }

                searched += candidate.Text.Length;
                if (searched > MostImageBytes || kernels == MostKernels)
                {
                    break;
                }

                KernelTrial? trial = KernelTrial.Of(image, layout, candidate);
                kernels += trial is null ? 0 : 1;
                tried[kind] = trial is { HasDirectMap: false } ? before + 1 : MostTrials;
                if (trial is not null && (best is null || trial.Weight > best.Weight
                    || (trial.Weight == best.Weight && trial.Kernel.MissingBytes < best.Kernel.MissingBytes)))
                {
                    best = trial;
                }

                // A running kernel says itself where its root is: one that verifies needs no search of all memory, which would take minutes on a large machine.
                if (best?.IsConclusive == true || (image.IsLive && best?.HasOwnRoot == true))
                {
                    return best.Kernel;
                }
            }
        }

        if (best is { HasDirectMap: true, Covers: false })
        {
            throw new LinuxDiscoveryException(
                $"{image.Path}: a Linux kernel, but its tables contradict every way to read the file as memory: give the bytes below 4 GiB with --ram-split, or take a dump that says where memory belongs (dump-guest-memory)");
        }

        return best?.Kernel ?? throw new LinuxDiscoveryException(
            $"{image.Path}: no Linux kernel found in it: no page of {Size.Text(image.Layouts[0].Memory.ByteCount)} is a top-level page table that leads to a kernel image ({image.Format})");
    }

    private IEnumerable<RootCandidate> Candidates(PhysicalMemory memory)
    {
        RootScan scan = new(memory);
        foreach (CpuState cpu in image.Cpus.Where(cpu => (cpu.Cr0 & PagingEnabled) != 0))
        {
            // Stopped in user mode under PTI, CR3 holds the user half, which is the page after the kernel half.
            ulong root = X64Format.Target(cpu.Cr3 & scan.EncryptionMask(cpu.Cr3));
            if ((scan.At(new(root & ~PtiUserHalf)) ?? scan.At(new(root))) is RootCandidate candidate)
            {
                yield return candidate;
            }
        }

        foreach (PhysicalAddress root in KernelPlace.Roots(image, memory))
        {
            if (scan.At(root) is RootCandidate candidate)
            {
                yield return candidate;
            }
        }

        foreach (RootCandidate candidate in scan.Candidates())
        {
            yield return candidate;
        }
    }
}
