using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>What one candidate leads to, gathered and weighed.</summary>
/// <param name="Kernel">The kernel, as this candidate tells it.</param>
/// <param name="Verdict">How much of it agrees.</param>
/// <param name="Candidate">What led to it.</param>
/// <param name="Map">Where it says that the machine has memory.</param>
internal sealed record KernelTrial(LinuxKernel Kernel, KernelVerdict Verdict, RootCandidate Candidate, KernelMemoryMap Map)
{
    private const int LiveTries = 8;

    // sizeof(struct page) of 64-bit kernels, where nothing tells.
    private const int StructPageBytes = 64;

    // An image is looked at as one span.
    private const ulong MaxImageBytes = 1UL << 30;

    /// <summary>What the candidate leads to, or null where that is no kernel: neither a banner stands in the image that it maps nor the
    /// names that uname(2) answers, and no symbols lead to a note that tells its release.</summary>
    public static KernelTrial? Of(MemoryImage image, MemoryLayout layout, RootCandidate candidate)
    {
        TextMapping text = candidate.Text;
        ulong inMemory = layout.Memory.Ranges[^1].Last.Value - text.Physical.Value + 1;
        int length = (int)Math.Min(Math.Min(text.Length, inMemory), MaxImageBytes);
        if (!layout.Memory.TryGetSpan(text.Physical, length, out ReadOnlySpan<byte> bytes))
        {
            byte[] copy = new byte[length];
            // A dump without free pages lacks the kernel's own init sections: what is mapped of the image may be in several runs of memory.
            layout.Memory.ReadSparsely(text.Physical, copy);
            bytes = copy;
        }

        string? absence = KallsymsReader.TryRead(bytes, text.Start, out KallsymsTable? kallsyms, out string reason) ? null : reason;
        SymbolTable? symbols = kallsyms?.Symbols;
        Fact<string>? banner = KernelBanner.Find(bytes, text.Start, symbols);
        KernelEvidence kernel = new(image, layout.Memory, candidate, banner, Names(bytes, text.Start, symbols), symbols);
        if (kernel.Release is null && symbols is null)
        {
            return null;
        }

        kernel = kernel with { Note = KernelNote.Find(kernel) };
        return kernel.Release is Fact<string> release
            ? Of(layout, kernel, release, kallsyms is null || kernel.ListsVariables ? kallsyms : WithVariables(kallsyms, bytes, kernel), absence)
            : null;
    }

    // A kernel whose table has functions alone names variables for modules and for crash dump tools.
    private static KallsymsTable WithVariables(KallsymsTable kallsyms, ReadOnlySpan<byte> image, KernelEvidence kernel)
    {
        Dictionary<string, Symbol> named = new(ExportedSymbols.Find(image, kernel.Text.Start), StringComparer.Ordinal);
        foreach ((string name, VirtualAddress address) in kernel.Note?.Symbols ?? [])
        {
            named.TryAdd(name, new(address, '?', name));
        }

        return named.Count == 0 ? kallsyms : kallsyms with { Symbols = kallsyms.Symbols.Beside(named) };
    }

    private static KernelTrial Of(
        MemoryLayout layout, KernelEvidence kernel, Fact<string> release, KallsymsTable? kallsyms, string? kallsymsAbsence)
    {
        RootCandidate candidate = kernel.Candidate;
        CpuArchitecture architecture = kernel.Architecture;
        Fact<PhysicalAddress>? ownRoot = OwnRoot.Find(kernel);
        PhysicalAddress root = ownRoot?.Value ?? candidate.Address;
        AddressSpace space = kernel.SpaceOf(root);
        DirectMapProbe? directMap = DirectMapProbe.Find(space, architecture, kernel.Memory);
        int structPage = kernel.Note is not null && kernel.Note.TryGetSize("page", out long bytes) && bytes is > 0 and <= 256 ? (int)bytes
            : StructPageBytes;
        RegionProbe? regions = directMap is null ? null : RegionProbe.Find(space, architecture, directMap, kernel.Text, kernel.Memory, structPage);
        KernelBases bases = new(kernel, space);
        Fact<VirtualAddress>? vmemmap = bases.Find(
            "vmemmap_base", regions?.Vmemmap, at => HasStructPage(space, at, root, structPage) && HasStructPage(space, at, kernel.Text.Physical, structPage));
        Symbol? rootList = architecture.RootList is string name ? kernel.Symbol(name) : null;
        IReadOnlyList<PhysicalAddress>? processes = vmemmap is not null && directMap is not null && rootList is Symbol list
            ? ProcessList(kernel, space, list, vmemmap.Value, structPage, (directMap.LastAddress - directMap.Base + 1) >> space.Format.PageShift)
            : null;

        KernelFacts facts = new()
        {
            Banner = kernel.Banner ?? BannerOf(kernel, release.Value),
            Release = release,
            PagingLevels = Fact<int>.From([new Witness<int>(candidate.Mode.Levels, "page tables"), .. architecture.Levels(kernel)])!,
            RootTable = ownRoot ?? new([new(candidate.Address, "a process's table, by its shape: the kernel's own was not found")]),
            PhysicalBase = Fact<ulong>.From([new Witness<ulong>(kernel.Text.PhysicalBase, "page tables"), .. architecture.PhysicalBases(kernel)])!,
            KaslrOffset = architecture.KaslrOffset(kernel),
            PageOffsetBase = bases.Find("page_offset_base", directMap?.Base, at => MapsAt(space, at, root) && MapsAt(space, at, kernel.Text.Physical)),
            VmallocBase = architecture.VmallocBase(kernel, bases.Find(
                "vmalloc_base", regions?.Vmalloc, at => at.CompareTo(regions?.Vmalloc ?? at) <= 0 && at.CompareTo(directMap?.LastAddress ?? default) > 0)),
            VmemmapBase = vmemmap,
            ModulesBase = architecture.ModulesBase(kernel, space),
            EntryMask = Fact<ulong>.From([new Witness<ulong>(candidate.Mode.EntryMask, "page tables"), .. architecture.EntryMasks(kernel)])!,
        };

        KernelMemoryMap map = KernelMemoryMap.Find(kernel, space);
        bool? agrees = kernel.Image.DeclaresPlaces ? null : map.Agrees(kernel.Memory);

        // Read with the hole in the wrong place, a part of memory is where the tables map nothing: those of its direct map may themselves be out of reach, so
        // that nothing is missing.
        bool oneLayout = kernel.Image.Layouts.Count == 1;
        bool covers = oneLayout || directMap?.MappedBytes - directMap?.BytesOutsideImage >= kernel.Memory.ByteCount / 4 * 3;

        // Of an image that says where its bytes belong, a list that cannot be read is damage; of another, the layout may be wrong.
        bool lists = rootList is null || processes is not null || (vmemmap is null && kernel.Image.DeclaresPlaces);
        KernelVerdict verdict = new()
        {
            OwnRoot = ownRoot is not null,
            MapsMemory = directMap is { MapsMemory: true },
            HoldsMemory = directMap is not null && directMap.BytesOutsideImage <= directMap.MappedBytes / LinuxKernel.MissingTolerance,
            CoversImage = agrees ?? covers,
            ListsProcesses = lists,
            BasesAgree = facts.PageOffsetBase?.Agreed == true,
            LayoutStands = agrees ?? (covers && (lists || oneLayout)),
        };
        return new(
            new(layout, architecture, candidate.Mode, facts, kernel.Text)
            {
                Kallsyms = kallsyms,
                KallsymsAbsence = kallsymsAbsence,
                VmCoreInfo = kernel.Note,
                Uts = kernel.Uts,
                ProcessTables = processes,
                StructPageBytes = structPage,
                DirectMapBytes = directMap?.MappedBytes ?? 0,
                MissingBytes = directMap?.BytesOutsideImage ?? 0,
                MapsMemory = directMap is { MapsMemory: true },
            },
            verdict,
            candidate,
            map);
    }

    private static UtsName? Names(ReadOnlySpan<byte> bytes, VirtualAddress start, SymbolTable? symbols)
    {
        if (symbols is null || !symbols.TryFind("init_uts_ns", out Symbol symbol))
        {
            return UtsName.Search(bytes);
        }

        return symbol.Address - start < (ulong)bytes.Length ? UtsName.After(bytes[(int)(symbol.Address - start)..]) : null;
    }

    // What its banner would begin and end with.
    private static Fact<string> BannerOf(KernelEvidence kernel, string release) => new([
        kernel.Uts is UtsName names ? new($"Linux version {release} {names.Version}", "init_uts_ns") : new($"Linux version {release}", "its release alone"),
        KernelBanner.Damaged(kernel.ListsVariables ? $"kallsyms {KernelBanner.Symbol}" : "kernel image")]);

    // A running kernel's list changes while it is followed.
    private static IReadOnlyList<PhysicalAddress>? ProcessList(KernelEvidence kernel, AddressSpace space, Symbol list, VirtualAddress vmemmap, int structPage,
        ulong frames)
    {
        IReadOnlyList<PhysicalAddress>? tables = null;
        for (int tries = kernel.Image.IsLive ? LiveTries : 1; tables is null && tries > 0; tries--)
        {
            kernel.Memory.Refresh();
            tables = RootList.Read(space, list, vmemmap, structPage, frames);
        }

        return tables;
    }

    private static bool MapsAt(AddressSpace space, VirtualAddress directMap, PhysicalAddress physical) =>
        space.TryTranslate(directMap + physical.Value, out PhysicalAddress found) && found == physical;

    private static bool HasStructPage(AddressSpace space, VirtualAddress vmemmap, PhysicalAddress physical, int structPageBytes) =>
        space.TryTranslate(vmemmap + ((physical.Value >> space.Format.PageShift) * (ulong)structPageBytes), out _);
}
