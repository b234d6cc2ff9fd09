using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Looks for the kernel of an image: candidates for its tables first, from registers where the image has them, from where the kernel says that it is, and by a
/// scan otherwise; then what each leads to, until one leads to a kernel all of whose parts agree.
/// </summary>
internal sealed class KernelDiscovery(MemoryImage image, IReadOnlyList<CpuArchitecture> architectures)
{
    // Where the kernel's own root is not found, the first of its processes' that maps all of memory does as well; the trampoline's and what has ended do not.
    private const int MostTrials = 8;

    // Bytes of kernel images that are searched in all: some hundred real ones, or eight of the largest there can be.
    private const ulong MostImageBytes = 8UL << 30;
    private const int MostKernels = 64;

    /// <summary>The kernel with the most evidence.</summary>
    /// <exception cref="LinuxDiscoveryException">Nothing in the image leads to a kernel.</exception>
    public LinuxKernel Find()
    {
        if (!Possible().Any())
        {
            throw new LinuxDiscoveryException(
                $"{image.Path}: memory of another machine, {image.Machine}: kernels "
                    + $"of {string.Join(", ", architectures.Select(architecture => architecture.Name))} are read");
        }

        KernelTrial? best = null;
        ulong searched = 0;
        int kernels = 0;
        foreach (MemoryLayout layout in image.Layouts.Concat(image.OtherLayouts))
        {
            if (best is not null && image.OtherLayouts.Contains(layout))
            {
                break;
            }

            Dictionary<(TextMapping Text, PagingMode Mode), int> tried = [];
            foreach (RootCandidate candidate in Candidates(layout.Memory))
            {
                // Every process of a kernel leads to the same image; so does a P4D of one with 5 levels, which has the shape of a 4-level root.
                (TextMapping, PagingMode) kind = (candidate.Text, candidate.Mode);
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
                tried[kind] = trial is { Verdict.MapsMemory: false } ? before + 1 : MostTrials;
                if (trial is not null && (best is null || trial.Verdict.Weight > best.Verdict.Weight
                    || (trial.Verdict.Weight == best.Verdict.Weight && trial.Kernel.MissingBytes < best.Kernel.MissingBytes)))
                {
                    best = trial;
                }

                // A running kernel says itself where its root is: one that verifies needs no search of all memory, which would take minutes on a large machine.
                if (best?.Verdict.IsConclusive == true || (image.IsLive && best?.Verdict.OwnRoot == true))
                {
                    return Completed(best);
                }
            }
        }

        if (best is { Verdict: { MapsMemory: true, LayoutStands: false } })
        {
            string map = best.Map.Firmware is FirmwareMap known ? $" (by firmware's map it has {known})" : "";
            throw new LinuxDiscoveryException(
                $"{image.Path}: a Linux kernel, but what is in memory contradicts every way to read the file as memory{map}: "
                + "give the bytes below 4 GiB with --ram-split, all files of the machine's memory in their order with -s each, "
                + "or take a dump that says where memory belongs (dump-guest-memory)");
        }

        return best is not null ? Completed(best) : throw new LinuxDiscoveryException(
            $"{image.Path}: no Linux kernel found in it: no page of {Size.Text(image.Layouts[0].Memory.ByteCount)} is a top-level page table that leads to a "
                + $"kernel image ({image.Format})");
    }

    // Memory that was plugged in is where the kernel says. What says so may stand in such memory itself.
    private LinuxKernel Completed(KernelTrial trial)
    {
        while (trial.Kernel.Layout is { Unplaced.Count: > 0 } layout
            && trial.Map.Listed is { } memory
            && layout.Placing(memory) is MemoryLayout more
            && KernelTrial.Of(image, more, trial.Candidate) is KernelTrial next
            && next.Verdict.Weight >= trial.Verdict.Weight)
        {
            trial = next;
        }

        return trial.Kernel;
    }

    // Registers and the kernel's own word cost nothing, whichever architecture they are of; a search reads all of memory.
    private IEnumerable<RootCandidate> Candidates(PhysicalMemory memory)
    {
        RootSearch[] searches = [.. Possible().Select(architecture => architecture.Roots(memory))];
        IEnumerable<RootCandidate?> told = searches.SelectMany(search =>
            image.Cpus.Select(search.Of).Concat(KernelPlace.Roots(image, memory, search.Architecture).Select(search.At)));
        return told.OfType<RootCandidate>().Concat(searches.SelectMany(search => search.Candidates()));
    }

    private IEnumerable<CpuArchitecture> Possible() => architectures.Where(architecture => image.Machine?.MayBe(architecture.Machine) != false);
}
