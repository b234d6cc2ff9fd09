using System.Collections.Concurrent;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Linux;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Resources;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis;

/// <summary>One machine as an image shows it: its memory and the kernel in it. Every answer starts here.</summary>
public sealed class Machine : IDisposable
{
    private readonly Lazy<KernelLayout> _layout;
    private readonly Lazy<KernelObjects> _objects;
    private readonly Lazy<PciInventory> _pci;
    private readonly Lazy<IommuReport> _iommu;
    private readonly Lazy<IommuReport> _scannedIommu;
    private readonly Lazy<PerCpu> _perCpu;
    private readonly Lazy<ModuleList> _modules;
    private readonly Lazy<VmallocList> _vmalloc;
    private readonly Lazy<TaskStacks> _stacks;
    private readonly Lazy<TaskTable> _tasks;
    private readonly Lazy<ProcessMemoryReader> _areas;
    private readonly Lazy<UserEntries> _userEntries;
    private readonly ConcurrentDictionary<VirtualAddress, ProcessMemory> _processMemory = [];
    private readonly ConcurrentDictionary<PhysicalAddress, PhysicalAddress?> _userHalves = [];
    private readonly Lazy<MemoryPages> _pages;
    private readonly Lazy<PageFiles> _pageFiles;
    private readonly Lazy<IReadOnlyList<SwapDevice>> _swapDevices;
    private readonly Lazy<PageKinds> _pageKinds;
    private readonly Lazy<UnusualFrames> _unusualFrames;
    private readonly Lazy<ResourceTree> _resources;
    private readonly Lazy<ZoneTable> _zones;
    private readonly Lazy<SlabAllocator> _slabs;
    private readonly Lazy<(TaskTable? Tasks, string? Absence)> _owners;
    private readonly Lazy<ReverseMap> _reverseMap;
    private readonly Lazy<DeviceInventory> _devices;
    private readonly Lazy<DeviceReach> _deviceReach;

    private Machine(MemoryImage image, LinuxKernel kernel, string types)
    {
        Image = image;
        Kernel = kernel;
        _layout = new(() => KernelLayout.Of(kernel));
        _reverseMap = new(() => ReverseMap.Of(this));
        _objects = new(() => new(kernel, TypeSource.Open(kernel, types)));
        _perCpu = new(() => PerCpu.Of(kernel));
        _modules = new(() => ModuleList.Read(Objects));
        _vmalloc = new(() => VmallocList.Read(Objects));
        _stacks = new(() => TaskStacks.Read(this));
        _iommu = new(() => FindIommu(scan: false));
        _scannedIommu = new(() => FindIommu(scan: true));
        _pci = new(ReadPci);
        _tasks = new(() => TaskTable.Read(Objects));
        _areas = new(() => new(Objects));
        _userEntries = new(() => kernel.Architecture.EntriesOf(kernel));
        _pages = new(() => MemoryPages.Of(Objects));
        _pageFiles = new(() => new(Objects));
        _swapDevices = new(() => Linux.Pages.SwapDevices.Read(Objects, PageFiles));
        _pageKinds = new(() => PageKinds.Of(this));
        _unusualFrames = new(() => UnusualFrames.Of(this));
        _resources = new(() => ResourceTree.OfMemory(kernel));
        _zones = new(() => ZoneTable.Of(Objects, Pages));
        _slabs = new(() => SlabAllocator.Of(Objects, Pages));
        _owners = new(TasksOrAbsence);
        _devices = new(() => DeviceInventory.Of(this));
        _deviceReach = new(() => DeviceReach.Of(Devices.Devices));
    }

    /// <summary>The image.</summary>
    public MemoryImage Image { get; }

    /// <summary>The kernel found in it.</summary>
    public LinuxKernel Kernel { get; }

    /// <summary>The kernel's virtual memory map.</summary>
    public KernelLayout Layout => _layout.Value;

    /// <summary>The kernel's structures, by the description of its types that was asked for.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its types.</exception>
    public KernelObjects Objects => _objects.Value;

    /// <summary>The loaded modules.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's struct module, or it has no modules.</exception>
    public ModuleList Modules => _modules.Value;

    /// <summary>The loaded modules; null where they cannot be read, which <see cref="Modules"/> says why.</summary>
    public ModuleList? ReadableModules => OrNull(_modules);

    /// <summary>What vmalloc space is used for.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's structures of it.</exception>
    public VmallocList Vmalloc => _vmalloc.Value;

    /// <summary>
    /// The piece of vmalloc space that an address falls into; null for none, and where they cannot be read, which <see cref="Vmalloc"/> says why.
    /// </summary>
    public VmallocArea? VmallocAreaAt(VirtualAddress address) => OrNull(_vmalloc)?.At(address);

    /// <summary>The thread whose kernel stack starts at an address; null for none.</summary>
    public KernelTask? StackOwner(VirtualAddress start) => _stacks.Value.Owner(start);

    /// <summary>The machine's PCI functions.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's PCI structures.</exception>
    public PciInventory Pci => _pci.Value;

    /// <summary>The machine's IOMMUs; memory is searched for their tables only where nothing leads to them.</summary>
    public IommuReport Iommu => _iommu.Value;

    /// <summary>The machine's IOMMUs, by every way that there is to find them: all of memory is searched for their tables, too.</summary>
    public IommuReport ScannedIommu => _scannedIommu.Value;

    /// <summary>The kernel's processes.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its tasks.</exception>
    public TaskTable Tasks => _tasks.Value;

    /// <summary>How the kernel writes the page-table entries of processes.</summary>
    public UserEntries UserEntries => _userEntries.Value;

    /// <summary>The struct page of every page frame.</summary>
    /// <exception cref="MissingTypeException">Nothing describes them, or where they are is not known.</exception>
    public MemoryPages Pages => _pages.Value;

    /// <summary>The struct page of every page frame; null where they cannot be read, which <see cref="Pages"/> says why.</summary>
    public MemoryPages? FindPages()
    {
        try
        {
            return Pages;
        }
        catch (MissingTypeException)
        {
            return null;
        }
    }
    /// <summary>The files of the page cache.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's types.</exception>
    public PageFiles PageFiles => _pageFiles.Value;

    /// <summary>The swap devices in use; empty where this kernel does not tell.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's types.</exception>
    public IReadOnlyList<SwapDevice> SwapDevices => _swapDevices.Value;

    /// <summary>What each page is used for.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct page, or where they are is not known.</exception>
    public PageKinds PageKinds => _pageKinds.Value;

    /// <summary>Which page frames are not memory that the kernel uses.</summary>
    internal UnusualFrames UnusualFrames => _unusualFrames.Value;

    /// <summary>What stands where in physical memory, by the kernel's own list (/proc/iomem).</summary>
    public ResourceTree Resources => _resources.Value;

    /// <summary>The nodes and zones of memory, and their free blocks.</summary>
    /// <exception cref="MissingTypeException">Nothing describes them, or where they are is not known.</exception>
    public ZoneTable Zones => _zones.Value;

    /// <summary>The same; null where they cannot be read, which <see cref="Zones"/> says why.</summary>
    public ZoneTable? ReadableZones => OrNull(_zones);

    /// <summary>The slab caches and their slabs.</summary>
    /// <exception cref="MissingTypeException">Nothing describes them, or this kernel has another allocator.</exception>
    public SlabAllocator Slabs => _slabs.Value;

    /// <summary>The same; null where they cannot be read, which <see cref="Slabs"/> says why.</summary>
    public SlabAllocator? ReadableSlabs => OrNull(_slabs);

    /// <summary>Why the processes of tables cannot be told; null where they can.</summary>
    public string? ProcessesAbsence => _owners.Value.Absence;

    /// <summary>
    /// The processes that go through a top-level table, by pid; empty where none does, and where that cannot be told: <see cref="ProcessesAbsence"/>.
    /// </summary>
    public IReadOnlyList<KernelTask> OwnersOf(PhysicalAddress root) => _owners.Value.Tasks?.OwnersOf(root) ?? [];

    /// <summary>From a page to everyone who maps it; made by the first question that asks.</summary>
    public ReverseMap ReverseMap => _reverseMap.Value;

    /// <summary>The machine's devices, joined with its IOMMUs.</summary>
    public DeviceInventory Devices => _devices.Value;

    /// <summary>From a page to every device that can get at it; made by the first question that asks.</summary>
    public DeviceReach DeviceReach => _deviceReach.Value;

    /// <summary>Where each CPU keeps its copies of per-CPU variables; without CPUs where this kernel does not tell.</summary>
    public PerCpu PerCpu => _perCpu.Value;

    /// <summary>The kernel's symbols, or null where it has none.</summary>
    public SymbolTable? Symbols => Kernel.Kallsyms?.Symbols;

    /// <summary>Opens an image and finds the kernel in it.</summary>
    /// <param name="path">The image's path.</param>
    /// <param name="options">What the user says of the image.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image cannot be read, or is corrupt.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine Open(string path, MemoryImageOptions? options = null, string types = TypeSource.Automatic) => Open([path], options, types);

    /// <summary>Opens an image that stands in one file or in several, and finds the kernel in it.</summary>
    /// <param name="paths">The files: the parts of a split dump, in any order.</param>
    /// <param name="options">What the user says of the image.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image cannot be read, or is corrupt.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine Open(IReadOnlyList<string> paths, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        TypeSource.Check(types);
        return In(MemoryImage.Open(paths, options), options, types);
    }

    /// <summary>Finds the kernel in an image, which is the machine's then, also where this fails.</summary>
    /// <param name="image">The image.</param>
    /// <param name="options">What the user says of it.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image has lost a part of the kernel's memory.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine In(MemoryImage image, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        try
        {
            return Over(image, options, types);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Finds the kernel in an image that stays the caller's.</summary>
    internal static Machine Over(MemoryImage image, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        LinuxKernel kernel = LinuxKernel.Discover(image);
        if (kernel.Layout.Unplaced is { Count: > 0 } unplaced && options?.AllowTruncated != true)
        {
            throw new MemoryImageException(
                $"{image.Path}: {image.Format}, where nothing says at which address {string.Join(", ", unplaced)} belongs, "
                + "neither its own pointers nor the kernel's list of memory: "
                + "take a dump that does (dump-guest-memory), or analyse the rest with --allow-truncated");
        }

        if (kernel.IsPartial && !image.DeclaresItsSize && options?.AllowTruncated != true)
        {
            throw new MemoryImageException(
                $"{image.Path}: {image.Format}, but its kernel has {Size.Text(kernel.DirectMapBytes)} of memory "
                + $"and the file holds {Size.Text(kernel.Memory.ByteCount)}: {Size.Text(kernel.MissingBytes)} is missing. "
                + "Where it stands in other files, name all of the machine's, each with -s; or analyse what is there with --allow-truncated.");
        }

        return new(image, kernel, types);
    }

    /// <summary>The space under a root table, or the kernel's own.</summary>
    public AddressSpace Space(PhysicalAddress? root) => root is PhysicalAddress address ? Kernel.SpaceOf(address) : Kernel.Space;

    /// <summary>The table through which a process goes in user mode under page-table isolation, by its top table; null where that is the same.</summary>
    public PhysicalAddress? UserHalfOf(PhysicalAddress root) =>
        _userHalves.GetOrAdd(root, static (address, kernel) => kernel.Architecture.UserHalfOf(kernel, address), Kernel);

    /// <summary>
    /// The space in which a process's user addresses have the rights that count in user mode: its user half's under page-table isolation, or else
    /// <see cref="Space"/>.
    /// </summary>
    public AddressSpace UserSpace(PhysicalAddress? root) => Space(root is PhysicalAddress top ? UserHalfOf(top) ?? top : null);

    /// <summary>The processes, or null where nothing describes them: for answers that are worth having without. See <see cref="ProcessesAbsence"/>.</summary>
    public TaskTable? FindTasks() => _owners.Value.Tasks;

    /// <summary>What a process has mapped; nothing of a task without mm_struct. Read once and kept.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its areas.</exception>
    public ProcessMemory MemoryOf(KernelTask process)
    {
        if (process.Mm is not VirtualAddress mm)
        {
            return new(default, [], []);
        }

        return _processMemory.GetOrAdd(mm, static (address, reader) =>
        {
            lock (reader)
            {
                return reader.Read(address);
            }
        }, _areas.Value);
    }

    /// <summary>Which kind of address it is on this machine.</summary>
    public AddressKind KindOf(VirtualAddress address) =>
        Kernel.Space.IsCanonical(address) ? AddressKinds.Of(Layout.RegionOf(address).Kind) : AddressKind.NonCanonical;

    /// <summary>
    /// The symbol at or before an address of the kernel's image, of a module, or of a CPU's copy of the kernel's per-CPU variables, with the distance from it;
    /// null elsewhere. A copy is called by the symbol and the CPU: "runqueues:1".
    /// </summary>
    public SymbolOffset? SymbolAt(VirtualAddress address) => Kernel.Text.Contains(address) ? Symbols?.At(address)
        : Layout.RegionOf(address).Kind switch
        {
            RegionKind.Modules or RegionKind.KernelText => ReadableModules?.SymbolAt(address),
            RegionKind.DirectMap or RegionKind.Vmalloc => PerCpuSymbolAt(address),
            _ => null,
        };

    /// <summary>
    /// The symbol at or before a byte of physical memory: of the kernel's image, or of a CPU's copy of its per-CPU variables; null elsewhere.
    /// </summary>
    public SymbolOffset? SymbolAt(PhysicalAddress address) => Kernel.Text.PhysicalRange.Contains(address) ? SymbolAt(Kernel.Text.ToVirtual(address))
        : Kernel.DirectMapAddress(address) is VirtualAddress direct ? PerCpuSymbolAt(direct)
        : null;

    private SymbolOffset? PerCpuSymbolAt(VirtualAddress address)
    {
        if (PerCpu.At(address) is not (int cpu, VirtualAddress variable) || Symbols is not SymbolTable symbols)
        {
            return null;
        }

        int before = -1;
        ulong next = PerCpu.End.Value;
        for (int i = 0; i < symbols.Count; i++)
        {
            ulong place = symbols.AddressOf(i).Value;
            if (place >= PerCpu.Start.Value && place <= variable.Value && (before < 0 || place > symbols.AddressOf(before).Value))
            {
                before = i;
            }

            next = place > variable.Value && place < next ? place : next;
        }

        if (before < 0)
        {
            return null;
        }

        Symbol symbol = symbols[before];
        return new(symbol with { Address = PerCpu.Address(cpu, symbol.Address), Name = $"{symbol.Name}:{cpu}" }, variable - symbol.Address,
            next - symbol.Address.Value);
    }

    private PciInventory ReadPci()
    {
        try
        {
            return PciInventory.Read(Objects);
        }
        catch (MissingTypeException)
        {
            if (Image.SystemFiles is { } files && PciInventory.Shown(files) is PciInventory shown)
            {
                return shown;
            }

            throw;
        }
    }

    private IommuReport FindIommu(bool scan)
    {
        try
        {
            return IommuReport.Find(Kernel, Objects, files: Image.SystemFiles, scan: scan);
        }
        catch (MissingTypeException e)
        {
            return IommuReport.Find(Kernel, null, e.Message, Image.SystemFiles, scan);
        }
    }

    private (TaskTable? Tasks, string? Absence) TasksOrAbsence()
    {
        try
        {
            return (Tasks, null);
        }
        catch (MissingTypeException e)
        {
            return (null, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();

    private static T? OrNull<T>(Lazy<T> part)
        where T : class
    {
        try
        {
            return part.Value;
        }
        catch (MissingTypeException)
        {
            return null;
        }
    }
}
