using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Discovery;

/// <summary>What one candidate leads to, gathered and weighed.</summary>
internal sealed class KernelTrial
{
    private const int StructPageBytes = 64;

    // No machine that runs Linux has less; a table for some purpose of its own maps a page or two.
    private const ulong FewestDirectMapBytes = 16UL << 20;
    private const int MaxBannerBytes = 1024;
    private const int LiveTries = 8;

    // An image is looked at as one span; KERNEL_IMAGE_SIZE is at most 1 GiB.
    private const ulong MaxImageBytes = 1UL << 30;

    // The three bases are multiples of a PUD entry's reach (arch/x86/mm/kaslr.c), the image's place is one of a PMD entry's (CONFIG_PHYSICAL_ALIGN).
    private const ulong BaseAlignment = 1UL << 30;
    private const ulong ImageAlignment = 2UL << 20;

    // Nothing is randomised above (Documentation/arch/x86/x86_64/mm.rst).
    private const ulong CpuEntryArea = 0xffff_fe00_0000_0000;
    private const ulong FixmapSpace = 0xffff_ffff_ff00_0000;

    // Names of the kernel's own root table: since 4.13, and before.
    private static readonly string[] RootSymbols = ["init_top_pgt", "init_level4_pgt", "swapper_pg_dir"];

    private readonly MemoryImage _image;
    private readonly PhysicalMemory _memory;
    private readonly RootScan _scan;
    private readonly RootCandidate _candidate;
    private readonly TextMapping _text;
    private readonly SymbolTable? _symbols;
    private readonly VmCoreInfoNote? _note;

    private KernelTrial(MemoryImage image, MemoryLayout layout, RootCandidate candidate, string banner, KallsymsTable? kallsyms, string? kallsymsAbsence)
    {
        _image = image;
        _memory = layout.Memory;
        _scan = new(_memory);
        _candidate = candidate;
        _text = candidate.Text;
        _symbols = kallsyms?.Symbols;
        _note = FindNote(banner);

        Fact<PhysicalAddress>? ownRoot = OwnRoot();
        PhysicalAddress root = ownRoot?.Value ?? candidate.Address;
        X64AddressSpace space = new(_memory, root, candidate.Levels, candidate.EntryMask);
        DirectMapProbe? directMap = DirectMapProbe.Find(space, _memory);
        int structPage = _note is not null && _note.TryGetSize("page", out long bytes) && bytes is > 0 and <= 256 ? (int)bytes : StructPageBytes;
        RegionProbe? regions = directMap is null ? null : RegionProbe.Find(space, directMap, _memory, structPage);
        Fact<VirtualAddress>? vmemmap = Base("vmemmap_base", regions?.Vmemmap, at => HasStructPage(space, at, root, structPage) && HasStructPage(space, at, _text.Physical, structPage));
        ProcessTables = vmemmap is not null && directMap is not null && Symbol("pgd_list") is Symbol list
            ? ProcessList(space, list, vmemmap.Value, structPage, (directMap.LastAddress - directMap.Base + 1) >> PageFrame.Shift)
            : null;

        KernelFacts facts = new()
        {
            Banner = new([new(banner, ListsVariables ? "kallsyms linux_banner" : "kernel image")]),
            Release = Fact<string>.From(
                new Witness<string>(ReleaseOf(banner), "banner"),
                _note is not null ? new(_note.Release, "VMCOREINFO OSRELEASE") : null)!,
            PagingLevels = Fact<int>.From(
                [new Witness<int>(candidate.Levels, "page tables"),
                 .. image.Cpus.Take(1).Select(cpu => new Witness<int>((cpu.Cr4 & (1UL << 12)) != 0 ? 5 : 4, "CPU registers, CR4.LA57")),
                 Noted("pgtable_l5_enabled") is long five ? new(five != 0 ? 5 : 4, "VMCOREINFO pgtable_l5_enabled") : null])!,
            RootTable = ownRoot ?? new([new(candidate.Address, "a process's table, by its shape: the kernel's own was not found")]),
            PhysicalBase = Fact<ulong>.From(
                new Witness<ulong>(_text.PhysicalBase, "page tables"),
                Variable("phys_base") is ulong physicalBase ? new(physicalBase, "kallsyms phys_base") : null,
                Noted("phys_base") is long noted ? new(unchecked((ulong)noted), "VMCOREINFO phys_base") : null)!,
            KaslrOffset = KaslrOffset(),
            PageOffsetBase = Base("page_offset_base", directMap?.Base, at => MapsAt(space, at, root) && MapsAt(space, at, _text.Physical)),
            VmallocBase = Base(
                "vmalloc_base", regions?.Vmalloc, at => at.CompareTo(regions?.Vmalloc ?? at) <= 0 && at.CompareTo(directMap?.LastAddress ?? default) > 0),
            VmemmapBase = vmemmap,
            ModulesBase = ModulesBase(space),
            EntryMask = Fact<ulong>.From(
                new Witness<ulong>(candidate.EntryMask, "page tables"),
                Noted("sme_mask") is long mask ? new(~unchecked((ulong)mask), "VMCOREINFO sme_mask") : null)!,
        };

        bool listed = Symbol("pgd_list") is null || vmemmap is null || ProcessTables is not null;
        bool whole = directMap is not null && directMap.BytesOutsideImage <= directMap.MappedBytes / LinuxKernel.MissingTolerance;

        // Read with the hole in the wrong place, a part of memory is where the tables map nothing: those of its direct map may themselves be out of reach, so that nothing is missing.
        bool covers = image.Layouts.Count == 1 || directMap?.MappedBytes - directMap?.BytesOutsideImage >= _memory.ByteCount / 4 * 3;
        bool basesAgree = facts.PageOffsetBase?.Agreed == true;
        Covers = covers;
        HasOwnRoot = ownRoot is not null;
        HasDirectMap = directMap is { MappedBytes: > FewestDirectMapBytes };
        Weight = (ownRoot is null ? 0 : 8) + (whole ? 4 : 0) + (covers ? 4 : 0) + (listed ? 2 : 0) + (basesAgree ? 1 : 0);
        Kernel = new(layout, facts, _text)
        {
            Kallsyms = kallsyms,
            KallsymsAbsence = kallsymsAbsence,
            VmCoreInfo = _note,
            ProcessTables = ProcessTables,
            StructPageBytes = structPage,
            DirectMapBytes = directMap?.MappedBytes ?? 0,
            MissingBytes = directMap?.BytesOutsideImage ?? 0,
        };
    }

    /// <summary>The kernel, as this candidate tells it.</summary>
    public LinuxKernel Kernel { get; }

    /// <summary>How much speaks for it: the kernel's own root (8), a direct map that the image holds all of (4) and that maps most of the image where its layout is to be found (4), a whole list of processes (2), bases that agree (1).</summary>
    public int Weight { get; }

    /// <summary>Whether all of it agrees, so that there is no need to look on.</summary>
    public bool IsConclusive => Weight == 19;

    /// <summary>Whether the direct map reaches most of memory, where the layout is to be found.</summary>
    public bool Covers { get; }

    /// <summary>Whether it led to the kernel's own root.</summary>
    public bool HasOwnRoot { get; }

    /// <summary>Whether the tables that this candidate led to map all of memory: the real-mode trampoline's do not.</summary>
    public bool HasDirectMap { get; }

    private IReadOnlyList<PhysicalAddress>? ProcessTables { get; }

    /// <summary>What the candidate leads to, or null where that is no kernel: no banner stands in the image that it maps.</summary>
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

        string? absence = null;
        KallsymsTable? kallsyms = null;
        if (!KallsymsReader.TryRead(bytes, text.Start, out kallsyms, out string reason))
        {
            absence = reason;
        }

        string? banner = kallsyms is not null && kallsyms.Symbols.TryFind("linux_banner", out Symbol symbol) && symbol.Address - text.Start < (ulong)bytes.Length
            ? BannerAt(bytes[(int)(symbol.Address - text.Start)..])
            : null;
        banner ??= SearchBanner(bytes);
        return banner is null ? null : new(image, layout, candidate, banner, kallsyms, absence);
    }

    // A running kernel's list changes while it is followed.
    private IReadOnlyList<PhysicalAddress>? ProcessList(X64AddressSpace space, Symbol list, VirtualAddress vmemmap, int structPage, ulong frames)
    {
        IReadOnlyList<PhysicalAddress>? tables = null;
        for (int tries = _image.IsLive ? LiveTries : 1; tables is null && tries > 0; tries--)
        {
            _memory.Refresh();
            tables = PgdList.Read(space, list, vmemmap, structPage, frames);
        }

        return tables;
    }

    private static string? SearchBanner(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> prefix = "Linux version "u8;
        int at = 0;
        for (int found = bytes.IndexOf(prefix); found >= 0; found = bytes[at..].IndexOf(prefix))
        {
            at += found;
            if (BannerAt(bytes[at..]) is string banner)
            {
                return banner;
            }

            at += prefix.Length;
        }

        return null;
    }

    // "Linux version 6.1.0 (builder) (compiler) #1 SMP ...\n": a digit tells it from the format strings that begin the same way (init/version.c).
    private static string? BannerAt(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> prefix = "Linux version "u8;
        bytes = bytes[..Math.Min(bytes.Length, MaxBannerBytes)];
        int end = bytes.IndexOfAny((byte)'\n', (byte)0);
        return bytes.StartsWith(prefix) && end > prefix.Length && bytes[prefix.Length] is >= (byte)'0' and <= (byte)'9' && !bytes[..end].ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? Encoding.ASCII.GetString(bytes[..end])
            : null;
    }

    private static string ReleaseOf(string banner) => banner.Split(' ')[2];

    /// <summary>Whether variables are among the symbols: CONFIG_KALLSYMS_ALL.</summary>
    private bool ListsVariables => Symbol("linux_banner") is not null;

    private Symbol? Symbol(string name) => _symbols is not null && _symbols.TryFind(name, out Symbol symbol) ? symbol : null;

    /// <summary>The 8 bytes of a variable in the kernel's image.</summary>
    private ulong? Variable(string name) =>
        Symbol(name) is Symbol symbol && _text.Contains(symbol.Address) && _memory.TryRead(_text.ToPhysical(symbol.Address), out ulong value) ? value : null;

    /// <summary>
    /// One of the bases that KASLR chooses. The variable says it exactly, and is believed where the tables bear it out; they are what the CPU goes by, so where
    /// they contradict it (it was overwritten, or the memory is of another moment) they are believed, and the variable is kept as the one that disagrees.
    /// </summary>
    private Fact<VirtualAddress>? Base(string variable, VirtualAddress? probed, Func<VirtualAddress, bool> isBorneOut)
    {
        Witness<VirtualAddress>? tables = probed is VirtualAddress address ? new(address, "page tables") : null;
        if (Variable(variable) is not (ulong value and not 0))
        {
            return Fact<VirtualAddress>.From(tables);
        }

        Witness<VirtualAddress> said = new(new(value), $"kallsyms {variable}");
        bool possible = value % BaseAlignment == 0 && value < CpuEntryArea && (long)value < 0;
        return (possible && isBorneOut(said.Value)) switch
        {
            true => Fact<VirtualAddress>.From(said, tables),
            false when tables is not null => Fact<VirtualAddress>.From(tables, said),
            false => null,
        };
    }

    private static bool MapsAt(X64AddressSpace space, VirtualAddress directMap, PhysicalAddress physical) =>
        space.TryTranslate(directMap + physical.Value, out PhysicalAddress found) && found == physical;

    private static bool HasStructPage(X64AddressSpace space, VirtualAddress vmemmap, PhysicalAddress physical, int structPageBytes) =>
        space.TryTranslate(vmemmap + (physical.Frame.Number * (ulong)structPageBytes), out _);

    private Fact<PhysicalAddress>? OwnRoot()
    {
        return Fact<PhysicalAddress>.From(
            RootSymbols.Select(name => Verified(Symbol(name)?.Address, $"kallsyms {name}")).FirstOrDefault(witness => witness is not null),
            Verified(NotedSymbol(_note, "swapper_pg_dir"), "VMCOREINFO swapper_pg_dir"),
            Verified(StaticRoot() is PhysicalAddress found ? _text.ToVirtual(found) : null, "the root table in the kernel's image"));
    }

    /// <summary>A root table of this kernel's at an address in its image, or null where what stands there is none.</summary>
    private Witness<PhysicalAddress>? Verified(VirtualAddress? address, string source) =>
        address is VirtualAddress at && _text.Contains(at) && _scan.At(_text.ToPhysical(at)) is RootCandidate root && root.Text == _text && root.Levels == _candidate.Levels
            ? new(root.Address, source)
            : null;

    /// <summary>
    /// Where no symbol names it: the root table that stands in the kernel's own data and has a direct map. Of several it is the one that maps no user space: a
    /// process's may stand in memory that was the image's init section. Null where that does not tell.
    /// </summary>
    private PhysicalAddress? StaticRoot()
    {
        if (RootSymbols.Any(name => Symbol(name) is not null))
        {
            return null;
        }

        List<PhysicalAddress> found = [];
        for (ulong offset = 0; offset < _text.Length; offset += PageFrame.Size)
        {
            if (_scan.At(_text.Physical + offset) is RootCandidate root && root.Levels == _candidate.Levels
                && DirectMapProbe.Find(new(_memory, root.Address, root.Levels, root.EntryMask), _memory) is { MappedBytes: > FewestDirectMapBytes })
            {
                found.Add(root.Address);
            }
        }

        PhysicalAddress[] kernels = [.. found.Where(root => !MapsUserSpace(root))];
        return kernels.Length == 1 ? kernels[0] : found.Count == 1 ? found[0] : null;
    }

    private bool MapsUserSpace(PhysicalAddress root)
    {
        Span<byte> lowerHalf = stackalloc byte[PageFrame.Size / 2];
        return _memory.Read(root, lowerHalf) != lowerHalf.Length || lowerHalf.ContainsAnyExcept((byte)0);
    }

    private Fact<ulong>? KaslrOffset()
    {
        ulong start = Symbol("_text")?.Address.Value ?? _text.Start.Value;
        return Plausible<ulong>(
            offset => offset % ImageAlignment == 0 && offset < MaxImageBytes,
            PreferredAddress() is ulong linked ? new(unchecked(start - TextMapping.MapStart - linked), "kallsyms _text against boot_params.hdr.pref_address") : null,
            _note?.KernelOffset is ulong noted ? new(noted, "VMCOREINFO KERNELOFFSET") : null);
    }

    /// <summary>What is possible at all is believed before what is not, which is only reported beside it. Null where nothing is possible.</summary>
    private static Fact<T>? Plausible<T>(Func<T, bool> isPossible, params IEnumerable<Witness<T>?> witnesses)
        where T : IEquatable<T>
    {
        Fact<T>? fact = Fact<T>.From(witnesses.OfType<Witness<T>>().OrderBy(witness => !isPossible(witness.Value)));
        return fact is not null && isPossible(fact.Value) ? fact : null;
    }

    /// <summary>The physical address that the image was linked for, from the boot protocol's header that the kernel keeps (Documentation/arch/x86/boot.rst).</summary>
    private ulong? PreferredAddress()
    {
        const int SignatureAt = 0x202;
        const int PreferredAddressAt = 0x258;
        Span<byte> header = stackalloc byte[PreferredAddressAt + sizeof(ulong)];
        return Symbol("boot_params") is Symbol symbol && _text.Contains(symbol.Address)
            && _memory.Read(_text.ToPhysical(symbol.Address), header) == header.Length
            && header[SignatureAt..].StartsWith("HdrS"u8)
            ? BinaryPrimitives.ReadUInt64LittleEndian(header[PreferredAddressAt..])
            : null;
    }

    /// <summary>Module space begins where the space kept for the image ends: 512 MiB, or 1 GiB with CONFIG_RANDOMIZE_BASE.</summary>
    private Fact<VirtualAddress>? ModulesBase(X64AddressSpace space)
    {
        const ulong Small = 512UL << 20;
        const ulong Large = 1UL << 30;
        VirtualAddress? probed = ModuleProbe.First(space, _text, new(TextMapping.MapStart + Small)) is VirtualAddress first
            ? new(TextMapping.MapStart + (first.Value >= TextMapping.MapStart + Large ? Large : Small))
            : null;
        return Plausible<VirtualAddress>(
            at => at.Value % ImageAlignment == 0 && at.Value >= _text.Start.Value + _text.Length && at.Value < FixmapSpace,
            Noted("KERNEL_IMAGE_SIZE") is long size ? new(new(unchecked(TextMapping.MapStart + (ulong)size)), "VMCOREINFO KERNEL_IMAGE_SIZE") : null,
            probed is VirtualAddress address ? new(address, "page tables") : null);
    }

    /// <summary>The note that is this kernel's, of all that the image and the kernel's memory hold: another boot's may stand there too.</summary>
    private VmCoreInfoNote? FindNote(string banner)
    {
        string release = ReleaseOf(banner);
        return NotesInReach().FirstOrDefault(note =>
            string.Equals(note.Release, release, StringComparison.Ordinal)
            && (NotedSymbol(note, "_stext") is not VirtualAddress stext || (Symbol("_stext") is Symbol symbol ? symbol.Address == stext : _text.Contains(stext)))
            && (!note.TryGetNumber("phys_base", out long physicalBase) || unchecked((ulong)physicalBase) == _text.PhysicalBase));
    }

    private IEnumerable<VmCoreInfoNote> NotesInReach()
    {
        foreach (VmCoreInfoNote note in KernelPlace.Notes(_image, _memory))
        {
            yield return note;
        }

        if (ReadNote() is VmCoreInfoNote inMemory)
        {
            yield return inMemory;
        }

        // Without a symbol nothing leads to the kernel's own: all of memory is searched.
        foreach (VmCoreInfoNote note in ListsVariables ? [] : VmCoreInfoScan.FindAll(_memory))
        {
            yield return note;
        }
    }

    private long? Noted(string number) => _note is not null && _note.TryGetNumber(number, out long value) ? value : null;

    private static VirtualAddress? NotedSymbol(VmCoreInfoNote? note, string name) => note is not null && note.TryGetSymbol(name, out VirtualAddress address) ? address : null;

    /// <summary>The text that vmcoreinfo_data leads to: an array until 4.12, a pointer since (kernel/crash_core.c).</summary>
    private VmCoreInfoNote? ReadNote()
    {
        if (Symbol("vmcoreinfo_data") is not Symbol data || !_text.Contains(data.Address))
        {
            return null;
        }

        // The candidate may be the real-mode trampoline's, which had no direct map before 5.17.
        PhysicalAddress root = RootSymbols.Select(name => Verified(Symbol(name)?.Address, name)).FirstOrDefault(named => named is not null)?.Value ?? _candidate.Address;
        X64AddressSpace space = new(_memory, root, _candidate.Levels, _candidate.EntryMask);
        byte[] text = new byte[PageFrame.Size];
        foreach (VirtualAddress at in (VirtualAddress[])[data.Address, new(Variable("vmcoreinfo_data") ?? 0)])
        {
            int length = space.Read(at, text);
            if (VmCoreInfoNote.TryParse(text.AsSpan(0, length), out VmCoreInfoNote? parsed))
            {
                return parsed;
            }
        }

        return null;
    }
}
