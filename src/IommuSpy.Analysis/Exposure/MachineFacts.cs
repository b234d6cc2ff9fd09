using System.Buffers.Binary;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure;

/// <summary>What rules ask, answered by a machine's image.</summary>
internal sealed class MachineFacts : IMemoryFacts
{
    // drivers/iommu/intel: DMA_GCMD_CFI.
    private const ulong CompatibilityInterrupts = 1UL << 23;
    private const int MaxObjectBytes = 1 << 16;

    private readonly Machine _machine;
    private readonly IommuTables _tables;
    private readonly RegisterRanges _registers;
    private readonly MemoryPages? _pages;
    private readonly PageKinds? _kinds;
    private readonly SlabAllocator? _slabs;
    private readonly Lazy<IReadOnlyList<SocketBuffer>> _socketBuffers;
    private readonly Lazy<IReadOnlyDictionary<PhysicalAddress, string>?> _postedTargets;
    private readonly List<string> _absences = [];

    public MachineFacts(Machine machine)
    {
        _machine = machine;
        _tables = new(machine);
        _registers = new(machine.Parts);
        if (!machine.Parts.Pages.TryGet(out _pages, out string? missing) || !machine.PageKinds.TryGet(out _kinds, out missing))
        {
            _absences.Add($"slabs, free pages and processes' memory are not looked at, or not all: {missing}");
        }
        else if (!machine.Parts.Slabs.TryGet(out _slabs, out missing))
        {
            _absences.Add($"slabs are not looked at: {missing}");
        }

        if (machine.Parts.Tasks.Absence is string absence)
        {
            _absences.Add(absence);
        }

        _postedTargets = new(() => Exposure.PostedTargets.Of(machine.Parts));
        _socketBuffers = new(() => _pages is not null && _slabs is not null ? Exposure.SocketBuffers.Of(machine, _pages, _slabs) : []);
    }

    /// <summary>What cannot be told, a line each.</summary>
    public IReadOnlyList<string> Absences => _absences;

    public IReadOnlyList<SocketBuffer> SocketBuffers => _socketBuffers.Value;

    public PageFacts FactsOf(PageFrame frame)
    {
        (PageKind kind, string what) = Kind(frame);
        VirtualAddress? inImage = _machine.Kernel.Text.PhysicalRange.Contains(frame.Address) ? _machine.Kernel.Text.ToVirtual(frame.Address) : null;
        ImagePart? part = inImage is VirtualAddress image ? PartOf(image, kind) : null;
        IReadOnlyList<PageMapper> mappers = _machine.ReverseMap.MappersOf(frame);
        return new()
        {
            What = what,
            IsMemory = kind is not (PageKind.None or PageKind.Resource or PageKind.PciRange) || _machine.Kernel.Memory.Contains(frame.Address),
            Registers = kind is PageKind.None or PageKind.Resource or PageKind.PciRange ? _registers.At(frame) : null,
            References = References(frame),
            Image = part,
            Symbol = part is not null ? _machine.Parts.SymbolAt(inImage!.Value)?.ToString() : null,
            ModuleCode = ModuleCode(mappers),
            PageTable = PageTable(frame),
            IommuTable = _tables.In(frame),
            IommuQueue = _tables.QueueIn(frame),
            IsFree = kind == PageKind.Free,
            Slab = kind == PageKind.Slab ? _slabs?.SlabOf(frame) : null,
            IsAnonymous = kind is PageKind.Anonymous or PageKind.Ksm,
            Users = [.. Users(mappers)],
            KernelReadOnlyAt = ReadOnlyAt(mappers),
        };
    }

    public IReadOnlyList<string> FunctionPointers(SlabCache cache, SlabObject item)
    {
        byte[] bytes = new byte[Math.Min(cache.ObjectSize, MaxObjectBytes)];
        int length = _machine.Kernel.Space.Read(item.Address, bytes);
        List<string> functions = [];
        for (int at = 0; at + sizeof(ulong) <= length; at += sizeof(ulong))
        {
            VirtualAddress word = new(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)));
            if (word.CompareTo(_machine.Kernel.Space.FirstKernelAddress) >= 0
                && _machine.Parts.SymbolAt(word) is { Offset: 0, Symbol: { Type: 't' or 'T' or 'w' or 'W' } symbol } && IsCode(word))
            {
                functions.Add(symbol.Name);
            }
        }

        return functions;
    }

    public bool? LetsCompatibilityInterruptsThrough(IommuUnit unit) =>
        unit is { Kind: IommuKind.VtD, Object: VirtualAddress at } && _machine.Parts.Objects.Value is KernelObjects objects
            && objects.Read(at, objects.Types.FindField("intel_iommu", "gcmd")) is ulong command
            ? (command & CompatibilityInterrupts) != 0
            : null;

    public IReadOnlyList<InterruptEntry> InterruptsOf(IommuUnit unit) => InterruptAnswer.EntriesOf(_machine, unit);

    public IReadOnlyDictionary<PhysicalAddress, string>? PostedTargets => _postedTargets.Value;

    public string? ProcessOf(PhysicalAddress root) => _machine.Parts.OwnersOf(root) is [KernelTask first, ..] ? first.ToString() : null;

    public string? CommandLine => _machine.Parts.Identity.CommandLine;

    public bool? ModuleFlag(string moduleName, string variable)
    {
        Span<byte> value = stackalloc byte[1];
        return _machine.Parts.Modules.Value?.Find(moduleName)?.Symbols.Find(variable) is Symbol symbol
            && _machine.Kernel.Space.Read(symbol.Address, value) == 1 ? value[0] != 0 : null;
    }

    public IReadOnlyList<OutdatedPin> OutdatedPinsOf(ReachSpace space) =>
    [
        .. space.Users.Where(user => user.Context.Pasid is null).Select(user => user.Device.Owner).OfType<DeviceOwner>().Distinct()
            .SelectMany(owner => owner.Ranges).SelectMany(range => PinnedPages.OutdatedOf(_machine.Parts, space.Space, range)),
    ];

    private int? References(PageFrame frame)
    {
        if (_pages is null || _pages.StateOf(frame) != FrameState.Managed)
        {
            return null;
        }

        PageCursor cursor = new(_pages, stackalloc byte[256]);
        return cursor.MoveTo(frame) ? cursor.Folio.Head.References : null;
    }

    private (PageKind Kind, string What) Kind(PageFrame frame)
    {
        if (_pages is null || _kinds is null)
        {
            return _machine.UnusualFrames.UseOf(frame) is PageUse unusual ? (unusual.Kind, unusual.ToString()) : (PageKind.Kernel, "memory");
        }

        PageUse use = _kinds.UseOf(frame);
        return use.Kind == PageKind.None
            ? (use.Kind, _machine.Kernel.Memory.Contains(frame.Address)
                ? "memory that the kernel does not manage"
                : "not memory: a device's registers, or not in the image")
            : (use.Kind, use.ToString());
    }

    // The kernel gives parts of its image away after boot: what its initialisation needed, and variables that only encrypted memory needs. Such pages belong to
    // whoever got them; without struct pages only code and constants are sure to be still its own.
    private ImagePart? PartOf(VirtualAddress address, PageKind kind) => ImageSection.Of(_machine.Symbols, address) switch
    {
        _ when _kinds is not null && kind is not (PageKind.KernelImage or PageKind.Reserved or PageKind.None) => null,
        "kernel text" => ImagePart.Text,
        "kernel rodata" => ImagePart.Rodata,
        "kernel data" or "kernel bss" when _kinds is not null => ImagePart.Data,
        _ => null,
    };

    private bool IsCode(VirtualAddress address) =>
        ImageSection.Of(_machine.Symbols, address) == "kernel text" || _machine.Parts.Modules.Value?.At(address)?.MemoryAt(address)?.Kind == "text";

    private string? ModuleCode(IReadOnlyList<PageMapper> mappers)
    {
        foreach (PageMapper mapper in mappers.Where(mapper => mapper.Root is null && (mapper.Rights & AccessRights.Execute) != AccessRights.None))
        {
            if (_machine.Parts.Modules.Value?.At(mapper.Address) is KernelModule module)
            {
                return module.Name;
            }
        }

        return null;
    }

    private string? PageTable(PageFrame frame)
    {
        if (_machine.ReverseMap.TableIn(frame) is not { } table)
        {
            return null;
        }

        (PhysicalAddress? root, int level, VirtualAddress first) = table;
        string whose = root is not PhysicalAddress its ? "the kernel's half"
            : _machine.Parts.OwnersOf(its) is { Count: > 0 } owners ? owners[0].ToString()
            : $"root {its}";
        return $"{_machine.Kernel.Mode.Format.LevelName(level)} of {whose}, from {first}";
    }

    private IEnumerable<UserMapping> Users(IReadOnlyList<PageMapper> mappers)
    {
        foreach (PageMapper mapper in mappers.Where(mapper => mapper.Root is not null))
        {
            bool writable = (mapper.Rights & AccessRights.Write) != AccessRights.None;
            var owners = _machine.Parts.OwnersOf(mapper.Root!.Value);
            if (owners.Count == 0)
            {
                yield return new($"root {mapper.Root}", mapper.Address, writable);
            }

            foreach (var owner in owners)
            {
                yield return new(owner.ToString(), mapper.Address, writable);
            }
        }
    }

    // The direct map is where the kernel writes what it allocates: what it may not write there, it may not write at all.
    private VirtualAddress? ReadOnlyAt(IReadOnlyList<PageMapper> mappers)
    {
        PageMapper[] direct = [.. mappers.Where(mapper => mapper.Root is null && _machine.Parts.Layout.RegionOf(mapper.Address).Kind == RegionKind.DirectMap)];
        return direct.Length > 0 && direct.All(mapper => (mapper.Rights & AccessRights.Write) == AccessRights.None) ? direct[0].Address : null;
    }
}
