using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.PageCache;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Kvm;

/// <summary>
/// The pages of files and of shared memory that a process has mapped and has no entry for: the page cache may have them all the same
/// (include/linux/fs.h, struct address_space).
/// </summary>
/// <param name="host">The kernel that keeps them.</param>
/// <param name="space">The process's tables.</param>
/// <param name="areas">All areas of the process.</param>
internal sealed class SharedPages(KernelParts host, AddressSpace space, IReadOnlyList<MemoryArea> areas)
{
    private const string NotCached = "not in memory: it is in a file, whose page the host's page cache does not have";
    private const string Swapped = "swapped out by the host, as a page of shared memory";
    private const string Unknown = "not known: nothing describes the host's page cache";
    private const string Huge = "not known: a huge page of a file that its process has no entry for, while the host's page cache has some that it does not map";

    private readonly Dictionary<VirtualAddress, CachedFile> _files = [];
    private WorkAllowance _allowance = new(host.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);

    /// <summary>The run of pages that are alike which begins at an address.</summary>
    /// <param name="area">The area, of a file.</param>
    /// <param name="first">The address, a page's.</param>
    /// <param name="end">Where the run ends at the latest, in the area.</param>
    /// <returns>How many bytes are alike, and where they are; null where as many runs were looked up as one run of the program may.</returns>
    public (ulong Bytes, PhysicalAddress? Source, string? Absence)? RunAt(MemoryArea area, VirtualAddress first, VirtualAddress end)
    {
        if (!_allowance.TryUse())
        {
            return null;
        }

        ulong all = end - first;
        CachedFile file = FileOf(area.File!);
        if (area.IsHugetlb)
        {
            // Its index counts huge pages, or small ones: so it is asked whether there is any page of the file that the process does not map.
            return (all, null, file.Runs is not null && file.IsMappedWhole ? null : Huge);
        }

        if (file.Runs is not CachedRun[] runs)
        {
            return (all, null, Unknown);
        }

        ulong index = (area.Offset + (first - area.Start)) >> PageFrame.Shift;
        int next = FirstAfter(runs, index);
        if (next > 0 && index - runs[next - 1].First < runs[next - 1].Count)
        {
            CachedRun run = runs[next - 1];
            ulong within = index - run.First;
            ulong bytes = Math.Min(run.Count - within, all >> PageFrame.Shift) << PageFrame.Shift;
            return (bytes, run.Source + (within << PageFrame.Shift), run.Source is not null ? null : run.Absence ?? (file.IsShared ? Swapped : NotCached));
        }

        ulong hole = next < runs.Length ? Math.Min(all >> PageFrame.Shift, runs[next].First - index) << PageFrame.Shift : all;
        return (hole, null, file.IsShared ? null : NotCached);
    }

    /// <summary>Gives back what of the budget was not used.</summary>
    public void Finish() => _allowance.Finish();

    private static int FirstAfter(CachedRun[] runs, ulong index)
    {
        int low = 0;
        int high = runs.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = runs[middle].First <= index ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private CachedFile FileOf(KernelFile file)
    {
        if (_files.TryGetValue(file.Address, out CachedFile? known))
        {
            return known;
        }

        KernelObjects objects = host.Objects.Required;
        CachedFolios? cached = objects.Types.FindField("address_space", "i_pages", "page_tree") is not null && host.Pages.Value is MemoryPages pages
            && objects.Pointer(file.Address, objects.Types.FindField("file", "f_mapping")) is VirtualAddress mapping ? CachedFolios.Of(pages, mapping) : null;
        IReadOnlyList<CachedFolio>? folios = cached is { Damage: null } ? cached.Folios : null;
        CachedFile read = new(folios is null ? null : Runs(folios), IsSharedMemory(file), folios is not null && IsMappedWhole(file, folios));
        return _files[file.Address] = read;
    }

    private static CachedRun[] Runs(IReadOnlyList<CachedFolio> folios)
    {
        List<CachedRun> runs = [];
        foreach (CachedFolio folio in folios)
        {
            CachedRun run = new(folio.Index, folio.Pages, folio.Frame?.Address, folio.Problem is null ? null : Unknown);
            if (runs.Count > 0 && runs[^1] is CachedRun last && last.First + last.Count == run.First && last.Absence == run.Absence
                && run.Source == last.Source + (last.Count << PageFrame.Shift))
            {
                runs[^1] = last with { Count = last.Count + run.Count };
            }
            else
            {
                runs.Add(run);
            }
        }

        return [.. runs];
    }

    private bool IsMappedWhole(KernelFile file, IReadOnlyList<CachedFolio> folios)
    {
        HashSet<PhysicalAddress> unmapped = [.. folios.Select(folio => folio.Frame?.Address).OfType<PhysicalAddress>()];
        foreach (MemoryArea area in areas.Where(area => unmapped.Count > 0 && area.IsHugetlb && area.File?.Address == file.Address))
        {
            Mapped mapped = new(host, unmapped);
            EntryWalk.Visit(host.Kernel.Memory, space, area.Start, area.End, ref mapped);
        }

        return unmapped.Count == 0;
    }

    private bool IsSharedMemory(KernelFile file)
    {
        KernelObjects objects = host.Objects.Required;
        return objects.Pointer(file.Address, objects.Types.FindField("file", "f_inode")) is VirtualAddress inode
            && objects.Pointer(inode, objects.Types.FindField("inode", "i_sb")) is VirtualAddress super
            && objects.Pointer(super, objects.Types.FindField("super_block", "s_type")) is VirtualAddress type
            && objects.Pointer(type, objects.Types.FindField("file_system_type", "name")) is VirtualAddress name
            && objects.Text(name, most: 16) is "tmpfs" or "devtmpfs" or "shm";
    }

    // Runs of a file's pages, by index; null where they cannot be known.
    private sealed record CachedFile(CachedRun[]? Runs, bool IsShared, bool IsMappedWhole);

    private readonly record struct CachedRun(ulong First, ulong Count, PhysicalAddress? Source, string? Absence);

    private readonly struct Mapped(KernelParts host, HashSet<PhysicalAddress> unmapped) : IEntryVisitor
    {
        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry)
        {
            if (entry != 0 && host.UserEntries.Read(entry, level) is { Present: true, Frame: PageFrame frame })
            {
                unmapped.Remove(frame.Address);
            }
        }
    }
}
