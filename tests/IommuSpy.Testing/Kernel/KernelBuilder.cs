using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Testing.Kernel;

/// <summary>
/// Lays out a whole small Linux kernel in memory: its image with banner, symbol table, variables and root table; direct map, vmalloc space, struct pages,
/// modules, fixmap; processes on pgd_list. Unless told otherwise it is a 6.1 on a PC without KASLR.
/// </summary>
/// <remarks>Everything is a real kernel's in form and place. What no reader looks at (code, other variables) is left out.</remarks>
public sealed record KernelBuilder
{
    /// <summary>Bytes of the image.</summary>
    public const ulong ImageBytes = 6UL << 20;

    /// <summary>sizeof(struct page).</summary>
    public const int StructPageBytes = 64;

    /// <summary>Where the kernel's image may begin.</summary>
    public const ulong MapStart = 0xffff_ffff_8000_0000;
    private const ulong SectionBytes = 128UL << 20;
    private const ulong TwoMiB = 2UL << 20;
    private const ulong OneGiB = 1UL << 30;
    /// <summary>Flags of a page that the kernel may write.</summary>
    public const ulong KernelPage = X64Entry.Present | X64Entry.Writable | X64Entry.Accessed | X64Entry.Dirty | X64Entry.Global | X64Entry.NoExecute;
    private const ulong KernelText = X64Entry.Present | X64Entry.Accessed | X64Entry.Global;
    private const int UpperHalf = 256;
    private const int Entries = 512;

    // Offsets of the image's parts.
    private const ulong BannerAt = 0x18_0040;
    private const ulong KallsymsAt = 0x20_0000;
    private const ulong DataAt = 0x40_0000;
    private const ulong TablesAt = 0x48_0000;
    private const ulong NoteAt = 0x50_0000;

    private readonly Dictionary<string, VirtualAddress> _places = new(StringComparer.Ordinal);
    private readonly List<Symbol> _data = [];
    private PhysicalMemoryBuilder _memory = null!;
    private ulong _nextVariable = DataAt;
    private ulong _nextPage;
    private ulong _nextHuge;

    /// <summary>uname -r.</summary>
    public string Release { get; init; } = "6.1.0-test";

    /// <summary>4 or 5.</summary>
    public int Levels { get; init; } = 4;

    /// <summary>The RAM that it maps; it must have been added to the memory.</summary>
    public IReadOnlyList<PhysicalRange> Ram { get; init; } = [new(new(0), 256UL << 20)];

    /// <summary>_text.</summary>
    public ulong TextVirtual { get; init; } = 0xffff_ffff_8100_0000;

    /// <summary>Where that is in physical memory: a multiple of 2 MiB.</summary>
    public ulong TextPhysical { get; init; } = 16UL << 20;

    /// <summary>page_offset_base.</summary>
    public ulong PageOffset { get; init; } = 0xffff_8880_0000_0000;

    /// <summary>vmalloc_base.</summary>
    public ulong Vmalloc { get; init; } = 0xffff_c900_0000_0000;

    /// <summary>vmemmap_base.</summary>
    public ulong Vmemmap { get; init; } = 0xffff_ea00_0000_0000;

    /// <summary>MODULES_VADDR.</summary>
    public ulong ModulesBase { get; init; } = 0xffff_ffff_c000_0000;

    /// <summary>Page sizes of the direct map.</summary>
    public DirectMapPages DirectMap { get; init; } = DirectMapPages.Mixed;

    /// <summary>The C-bit, set in every entry; 0 without memory encryption.</summary>
    public ulong EncryptionBit { get; init; }

    /// <summary>Page-table isolation: every root has a user half in the page after it.</summary>
    public bool Pti { get; init; }

    /// <summary>The symbol table's form.</summary>
    public SymbolForm Symbols { get; init; } = SymbolForm.Offsets;

    /// <summary>CONFIG_KALLSYMS_ALL: variables are in the table, not only functions.</summary>
    public bool ListsVariables { get; init; } = true;

    /// <summary>Whether page_offset_base and the other two are variables: CONFIG_DYNAMIC_MEMORY_LAYOUT, since 4.8.</summary>
    public bool BaseVariables { get; init; } = true;

    /// <summary>The root table's name.</summary>
    public string RootName { get; init; } = "init_top_pgt";

    /// <summary>VMCOREINFO.</summary>
    public NoteForm Note { get; init; } = NoteForm.Pointer;

    /// <summary>Further lines of it.</summary>
    public string MoreNote { get; init; } = "";

    /// <summary>Where the list_head of pgd_list stands in struct page: 32 (page.lru) in 3.16, 8 since 4.4.</summary>
    public ulong ListHeadOffset { get; init; } = 8;

    /// <summary>How many processes.</summary>
    public int ProcessCount { get; init; } = 5;

    /// <summary>cpu_entry_area is mapped: since 4.15.</summary>
    public bool HasCpuEntryArea { get; init; } = true;

    /// <summary>Where pages are taken from that the kernel allocates; 64 MiB above the image unless set.</summary>
    public ulong? PoolAt { get; init; }

    /// <summary>The real-mode trampoline's top-level table.</summary>
    public ulong TrampolineAt { get; init; } = 0x9_8000;

    /// <summary>pref_address of the boot protocol's header: where the image was linked.</summary>
    public ulong PreferredAddress { get; init; } = 16UL << 20;

    /// <summary>swap_info's elements: MAX_SWAPFILES.</summary>
    public int SwapFiles { get; init; } = 22;

    /// <summary>Function names beyond those that every built kernel has.</summary>
    public IReadOnlyList<string> MoreFunctions { get; init; } = [];

    /// <summary>Further variables of its data, by name, with their bytes; all zero.</summary>
    public IReadOnlyList<(string Name, ulong Bytes)> MoreVariables { get; init; } = [];

    /// <summary>Bytes kept in the image's data for init_task, which is a symbol then, and for other static objects behind it; 0 for none.</summary>
    public ulong StaticObjectBytes { get; init; }

    /// <summary>Symbols of more static objects, each with a page for itself.</summary>
    public IReadOnlyList<string> StaticObjects { get; init; } = [];

    /// <summary>phys_base.</summary>
    public ulong PhysicalBase => unchecked(TextPhysical - (TextVirtual - MapStart));

    /// <summary>Linux 3.16.59 as Debian 8 had it last: nothing randomised, bases fixed, absolute symbols.</summary>
    public static KernelBuilder Linux316(ulong staticObjectBytes = 0, params IReadOnlyList<string> staticObjects) => new()
    {
        Release = "3.16.0-11-amd64",
        PageOffset = 0xffff_8800_0000_0000,
        ModulesBase = 0xffff_ffff_a000_0000,
        Symbols = SymbolForm.Absolute,
        BaseVariables = false,
        RootName = "init_level4_pgt",
        Note = NoteForm.Array,
        ListHeadOffset = 32,
        HasCpuEntryArea = false,
        SwapFiles = 29,
        StaticObjectBytes = staticObjectBytes,
        StaticObjects = staticObjects,
    };

    /// <summary>The physical address of an address in its image.</summary>
    public PhysicalAddress ToPhysical(VirtualAddress address) => new(unchecked(address.Value - MapStart + PhysicalBase));

    /// <summary>Writes the kernel into memory.</summary>
    public BuiltKernel Build(PhysicalMemoryBuilder memory)
    {
        _memory = memory;
        _nextHuge = PoolAt ?? (TextPhysical + (64UL << 20));
        _nextPage = TakeHuge(4);

        Place("_text", 'T', 0);
        Place("_stext", 'T', 0);
        Place("_etext", 'T', 0x18_0000);
        Place("__start_rodata", 'R', BannerAt - 0x40);
        Place("linux_banner", 'R', BannerAt);
        memory.Write(At("linux_banner"), Encoding.ASCII.GetBytes($"Linux version {Release} (test@test) (gcc) #1 SMP Debian\n\0"));
        Place("__end_rodata", 'R', DataAt - 0x1000);
        Place("_sdata", 'D', DataAt);
        for (int i = 0; i < SwapFiles; i++)
        {
            Variable(i == 0 ? "swap_info" : null, 0);
        }

        Variable("phys_base", PhysicalBase);
        if (BaseVariables)
        {
            Variable("page_offset_base", PageOffset);
            Variable("vmalloc_base", Vmalloc);
            Variable("vmemmap_base", Vmemmap);
        }

        Variable("pgd_list", 0);
        Variable(null, 0);
        BootParameters();
        foreach ((string name, ulong bytes) in MoreVariables)
        {
            Place(name, 'D', _nextVariable);
            _nextVariable += (bytes + 63) & ~63UL;
        }

        if (StaticObjectBytes > 0)
        {
            _nextVariable = (_nextVariable + 0xfff) & ~0xfffUL;
            Place("init_task", 'D', _nextVariable);
            _nextVariable += StaticObjectBytes;
        }

        foreach (string name in StaticObjects)
        {
            Place(name, 'D', _nextVariable);
            _nextVariable += 0x1000;
        }

        // A 5-level kernel's P4D stands in its image too. It has the shape of a 4-level root, and here it comes first.
        PhysicalAddress? p4d = Levels == 5 ? StaticTable("level4_kernel_pgt", 0) : null;
        PhysicalAddress root = StaticTable(RootName, Levels == 5 ? 0x2000UL : 0);
        PageTableBuilder tables = new(memory, Levels, root, TakePage)
        {
            EncryptionBit = EncryptionBit,
            TableFlags = X64Entry.Present | X64Entry.Writable | X64Entry.Accessed | X64Entry.Dirty
        };
        if (p4d is PhysicalAddress below)
        {
            memory.Write(root + (511 * sizeof(ulong)), below.Value | tables.TableFlags | EncryptionBit);
        }

        UtsNames();
        Place("_edata", 'D', NoteAt + 0x2000);
        Place("__bss_start", 'B', NoteAt + 0x2000);
        Place("__bss_stop", 'B', ImageBytes - 0x1000);
        Place("_end", 'B', ImageBytes);

        MapImage(tables);
        MapAll(tables);
        Func<PageFrame, PhysicalAddress> structPage = MapStructPages(tables);
        MapVmalloc(tables);
        List<VirtualAddress> modules = MapModules(tables);
        MapTop(tables);
        WriteNote();

        List<BuiltProcess> processes = [.. Enumerable.Range(0, ProcessCount).Select(i => Process(tables, i))];
        if (Pti)
        {
            UserHalf(tables, root);
        }

        BuiltProcess freed = Process(tables, 99);
        PhysicalAddress trampoline = Trampoline(root);
        Link(processes, structPage);
        List<Symbol> symbols = WriteSymbols();
        return new(this, tables)
        {
            Symbols = symbols,
            Places = _places,
            Processes = processes,
            FreedRoot = freed.Root,
            TrampolineRoot = trampoline,
            Modules = modules,
            StructPage = structPage,
        };
    }

    private PhysicalAddress At(string place) => ToPhysical(_places[place]);

    private void Place(string name, char type, ulong offset)
    {
        VirtualAddress address = new(TextVirtual + offset);
        _places.Add(name, address);
        if (type is not ('T' or 't'))
        {
            _data.Add(new(address, type, name));
        }
    }

    private void Variable(string? name, ulong value)
    {
        if (name is not null)
        {
            Place(name, 'D', _nextVariable);
        }

        _memory.Write(ToPhysical(new(TextVirtual + _nextVariable)), value);
        _nextVariable += sizeof(ulong);
    }

    // struct boot_params, whose setup header is the boot protocol's (Documentation/arch/x86/boot.rst).
    private void BootParameters()
    {
        Place("boot_params", 'D', _nextVariable);
        _memory.Write(At("boot_params") + 0x202, "HdrS"u8);
        _memory.Write(At("boot_params") + 0x258, PreferredAddress);
        _nextVariable += PageFrame.Size;
    }

    // struct uts_namespace as since 5.11: the six names of 65 bytes come first (include/linux/utsname.h).
    private void UtsNames()
    {
        Place("init_uts_ns", 'D', NoteAt + 0x1800);
        string[] names = ["Linux", "test", Release, "#1 SMP Debian", "x86_64", "(none)"];
        for (int i = 0; i < names.Length; i++)
        {
            _memory.Write(At("init_uts_ns") + (ulong)(i * 65), Encoding.ASCII.GetBytes(names[i]));
        }
    }

    private PhysicalAddress StaticTable(string name, ulong offset)
    {
        Place(name, 'D', TablesAt + offset);
        return At(name);
    }

    private PhysicalAddress TakePage()
    {
        _nextPage += PageFrame.Size;
        return new(_nextPage - PageFrame.Size);
    }

    // A root with a user half is an allocation of two pages: its address is a multiple of 8 KiB.
    private PhysicalAddress TakeRoot()
    {
        _nextPage = (_nextPage + 0x1fff) & ~0x1fffUL;
        PhysicalAddress root = TakePage();
        TakePage();
        return root;
    }

    private ulong TakeHuge(ulong count)
    {
        _nextHuge += count * TwoMiB;
        return _nextHuge - (count * TwoMiB);
    }

    private void MapImage(PageTableBuilder tables)
    {
        for (ulong offset = 0; offset < ImageBytes; offset += TwoMiB)
        {
            tables.Map2M(new(TextVirtual + offset), new(TextPhysical + offset), offset < DataAt ? KernelText : KernelPage);
        }
    }

    private void MapAll(PageTableBuilder tables)
    {
        foreach (PhysicalRange run in Ram)
        {
            for (ulong at = run.Start.Value; at <= run.Last.Value;)
            {
                ulong left = run.Last.Value - at + 1;
                ulong size = PageAt(at, left);
                VirtualAddress to = new(PageOffset + at);
                _ = size switch
                {
                    PageFrame.Size => tables.Map4K(to, new(at), KernelPage),
                    TwoMiB => tables.Map2M(to, new(at), KernelPage),
                    _ => tables.Map1G(to, new(at), KernelPage),
                };
                at += size;
            }
        }
    }

    private ulong PageAt(ulong at, ulong left) => DirectMap switch
    {
        DirectMapPages.FourKiB => PageFrame.Size,
        _ when at % TwoMiB != 0 || left < TwoMiB => PageFrame.Size,
        DirectMapPages.TwoMiB => TwoMiB,
        _ when at < TwoMiB => PageFrame.Size,
        _ when at >= OneGiB && at % OneGiB == 0 && left >= OneGiB => OneGiB,
        _ => TwoMiB,
    };

    // Each section of 128 MiB that holds any RAM has all of its 32,768 struct pages: 2 MiB, mapped by one large page.
    private Func<PageFrame, PhysicalAddress> MapStructPages(PageTableBuilder tables)
    {
        Dictionary<ulong, ulong> sections = [];
        foreach (PhysicalRange run in Ram)
        {
            for (ulong section = run.Start.Value / SectionBytes; section <= run.Last.Value / SectionBytes; section++)
            {
                if (!sections.ContainsKey(section))
                {
                    sections[section] = TakeHuge(1);
                    tables.Map2M(new(Vmemmap + (section * TwoMiB)), new(sections[section]), KernelPage);
                }
            }
        }

        return frame =>
        {
            ulong offset = frame.Number * StructPageBytes;
            return new PhysicalAddress(sections[offset / TwoMiB]) + (offset % TwoMiB);
        };
    }

    // Areas of a few scattered pages, with a guard page after each.
    private void MapVmalloc(PageTableBuilder tables)
    {
        ulong at = Vmalloc;
        for (int area = 1; area <= 6; area++)
        {
            for (int page = 0; page < area; page++)
            {
                tables.Map4K(new(at), TakePage(), KernelPage);
                at += PageFrame.Size;
            }

            TakePage();
            at += PageFrame.Size;
        }
    }

    private List<VirtualAddress> MapModules(PageTableBuilder tables)
    {
        List<VirtualAddress> pages = [];
        ulong at = ModulesBase + 0x3_1000;
        for (int module = 0; module < 3; module++)
        {
            for (int page = 0; page < 4; page++)
            {
                TakePage();
                pages.Add(new(at));
                tables.Map4K(new(at), TakePage(), page < 2 ? KernelText : KernelPage);
                at += PageFrame.Size;
            }

            at += PageFrame.Size;
        }

        return pages;
    }

    private void MapTop(PageTableBuilder tables)
    {
        if (HasCpuEntryArea)
        {
            tables.Map4K(new(0xffff_fe00_0000_0000), TakePage(), KernelPage & ~X64Entry.Writable);
            tables.Map4K(new(0xffff_fe00_0000_1000), TakePage(), KernelPage);
        }

        tables.Map4K(new(0xffff_ff00_0000_f000), TakePage(), KernelPage);
        tables.Map4K(new(0xffff_ffff_ff57_a000), new(0xfee0_0000), KernelPage | X64Entry.CacheDisable | X64Entry.WriteThrough);
        tables.Map4K(new(0xffff_ffff_ff60_0000), TakePage(), X64Entry.Present | X64Entry.UserAccess);
    }

    private BuiltProcess Process(PageTableBuilder kernel, int number)
    {
        PhysicalAddress root = TakeRoot();
        PageTableBuilder tables = new(_memory, Levels, root, TakePage) { EncryptionBit = EncryptionBit };
        for (int i = UpperHalf; i < Entries; i++)
        {
            ulong entry = _memory.ReadWord(kernel.Root + ((ulong)i * sizeof(ulong)));
            if (entry != 0)
            {
                _memory.Write(root + ((ulong)i * sizeof(ulong)), entry);
            }
        }

        List<(VirtualAddress, PhysicalAddress, ulong)> pages = [];
        const ulong Common = X64Entry.Present | X64Entry.UserAccess | X64Entry.Accessed;
        void Map(ulong address, ulong flags)
        {
            PhysicalAddress page = TakePage();
            tables.Map4K(new(address), page, flags);
            pages.Add((new(address), page, flags));
        }

        for (ulong page = 0; page < 3; page++)
        {
            Map(0x0040_0000 + (page * PageFrame.Size), Common);
            Map(0x0060_0000 + (page * PageFrame.Size), Common | X64Entry.Writable | X64Entry.Dirty | X64Entry.NoExecute);
        }

        Map(0x7ffd_0000_0000 + ((ulong)number << 12), Common | X64Entry.Writable | X64Entry.NoExecute);
        PhysicalAddress? userHalf = Pti ? UserHalf(kernel, root) : null;
        return new(root, userHalf, [.. pages.OrderBy(page => page.Item1)]);
    }

    // The user half shares the lower half's tables, whose entries the kernel half marks NX, cpu_entry_area's, and has a table of its own for the entry code
    // (arch/x86/mm/pti.c).
    private PhysicalAddress UserHalf(PageTableBuilder kernel, PhysicalAddress kernelHalf)
    {
        PhysicalAddress userHalf = kernelHalf + PageFrame.Size;
        for (int i = 0; i < UpperHalf; i++)
        {
            ulong entry = _memory.ReadWord(kernelHalf + ((ulong)i * sizeof(ulong)));
            if (entry != 0)
            {
                _memory.Write(userHalf + ((ulong)i * sizeof(ulong)), entry);
                _memory.Write(kernelHalf + ((ulong)i * sizeof(ulong)), entry | X64Entry.NoExecute);
            }
        }

        if (HasCpuEntryArea && Levels == 4)
        {
            _memory.Write(userHalf + (508 * sizeof(ulong)), _memory.ReadWord(kernel.Root + (508 * sizeof(ulong))));
        }

        PageTableBuilder user = new(_memory, Levels, userHalf, TakePage) { EncryptionBit = EncryptionBit };
        user.Map4K(new(TextVirtual + 0x10_0000), new(TextPhysical + 0x10_0000), KernelText);

        // Each CPU's TSS, at its address in the direct map (pti_clone_user_shared): a table of its own under an entry that the kernel half has too.
        user.Map4K(new(PageOffset + TextPhysical), new(TextPhysical), KernelPage);
        return userHalf;
    }

    // Entry 511 is the kernel's, entry 0 maps what the trampoline runs in (arch/x86/realmode/init.c).
    private PhysicalAddress Trampoline(PhysicalAddress root)
    {
        PhysicalAddress trampoline = new(TrampolineAt);
        _memory.Write(trampoline + (511 * sizeof(ulong)), _memory.ReadWord(root + (511 * sizeof(ulong))));
        return trampoline;
    }

    private void Link(List<BuiltProcess> processes, Func<PageFrame, PhysicalAddress> structPage)
    {
        VirtualAddress[] elements = [_places["pgd_list"],
            .. processes.Select(process => new VirtualAddress(Vmemmap + (process.Root.Frame.Number * StructPageBytes) + ListHeadOffset))];
        PhysicalAddress[] heads = [At("pgd_list"), .. processes.Select(process => structPage(process.Root.Frame) + ListHeadOffset)];
        for (int i = 0; i < elements.Length; i++)
        {
            _memory.Write(heads[i], elements[(i + 1) % elements.Length].Value);
            _memory.Write(heads[i] + sizeof(ulong), elements[(i + elements.Length - 1) % elements.Length].Value);
        }
    }

    private void WriteNote()
    {
        if (Note == NoteForm.None)
        {
            return;
        }

        bool old = Note == NoteForm.Array;
        StringBuilder text = new($"OSRELEASE={Release}\nPAGESIZE=4096\n");
        text.Append(System.Globalization.CultureInfo.InvariantCulture,
            $"SYMBOL(swapper_pg_dir)={_places[RootName].Value:x}\nSYMBOL(_stext)={_places["_stext"].Value:x}\nSIZE(page)={StructPageBytes}\n");
        if (!old)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"NUMBER(phys_base)={unchecked((long)PhysicalBase)}\nNUMBER(pgtable_l5_enabled)={Levels - 4}\n");
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"NUMBER(KERNEL_IMAGE_SIZE)={ModulesBase - MapStart}\nNUMBER(sme_mask)={unchecked((long)EncryptionBit)}\n");
        }

        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"KERNELOFFSET={TextVirtual - MapStart - PreferredAddress:x}\n");
        byte[] bytes = [.. Encoding.ASCII.GetBytes(text.Append(MoreNote).ToString()), 0];
        if (old)
        {
            Place("vmcoreinfo_data", 'B', NoteAt);
            _memory.Write(At("vmcoreinfo_data"), bytes);
        }
        else
        {
            PhysicalAddress page = TakePage();
            _memory.Write(page, bytes);
            Variable("vmcoreinfo_data", PageOffset + page.Value);
        }
    }

    private List<Symbol> WriteSymbols()
    {
        if (Symbols == SymbolForm.None)
        {
            return [];
        }

        List<Symbol> functions = [new(_places["_text"], 'T', "_text"), new(_places["_stext"], 'T', "_stext")];
        string[] names = [.. MoreFunctions, .. Enumerable.Range(0, 1200).Select(i => $"function_{i}")];
        functions.AddRange(names.Select((name, i) => new Symbol(new(TextVirtual + 0x1000 + ((ulong)i * 0x40)), i % 3 == 0 ? 't' : 'T', name)));
        functions.Add(new(_places["_etext"], 'T', "_etext"));
        List<Symbol> symbols = ListsVariables ? [.. functions, .. _data.OrderBy(symbol => symbol.Address)] : functions;

        // What follows the table is other read-only data, not zeros: those would read as offsets of some form too.
        byte[] readOnly = new byte[DataAt - KallsymsAt - PageFrame.Size];
        new Random(7).NextBytes(readOnly);
        KallsymsWriter.Write(symbols, Symbols, TextVirtual).CopyTo(readOnly, 0);
        _memory.Write(ToPhysical(new(TextVirtual + KallsymsAt)), readOnly);
        return symbols;
    }
}
