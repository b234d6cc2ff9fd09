using System.Collections.Concurrent;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Clock;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Identity;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Log;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Resources;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Vfio;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using IommuSpy.Translation;

namespace IommuSpy.Linux;

/// <summary>
/// What a kernel keeps in its memory, each part read when it is first asked for, and kept. A part that cannot be read says why. Safe to share between threads.
/// </summary>
public sealed class KernelParts
{
    private readonly LinuxKernel _kernel;
    private readonly ConcurrentDictionary<PhysicalAddress, PhysicalAddress?> _userHalves = [];
    private readonly Lazy<KernelLayout> _layout;
    private readonly Lazy<PerCpu> _perCpu;
    private readonly Lazy<UserEntries> _userEntries;
    private readonly Lazy<Part<KernelObjects>> _objects;
    private readonly Lazy<Part<ModuleList>> _modules;
    private readonly Lazy<Part<VmallocList>> _vmalloc;
    private readonly Lazy<Part<PciInventory>> _pci;
    private readonly Lazy<Part<TaskTable>> _tasks;
    private readonly Lazy<Part<TaskStacks>> _stacks;
    private readonly Lazy<IReadOnlyList<PhysicalAddress>?> _tablesOfTasks;
    private readonly Lazy<Part<ProcessMemoryReader>> _areas;
    private readonly Lazy<Part<MemoryPages>> _pages;
    private readonly Lazy<Part<PageFiles>> _pageFiles;
    private readonly Lazy<Part<IReadOnlyList<SwapDevice>>> _swapDevices;
    private readonly Lazy<Part<ZoneTable>> _zones;
    private readonly Lazy<Part<SlabAllocator>> _slabs;
    private readonly Lazy<Part<ResourceTree>> _resources;
    private readonly Lazy<Part<KernelLog>> _log;
    private readonly Lazy<Part<KernelClock>> _clock;
    private readonly Lazy<Part<StackWalker>> _stackWalker;
    private readonly Lazy<Part<VirtualMachineList>> _machines;
    private readonly Lazy<Part<VfioContainerList>> _vfio;
    private readonly Lazy<CodeSites> _codeSites;
    private readonly Lazy<KernelIdentity> _identity;
    private readonly Lazy<IommuReport> _iommu;
    private readonly Lazy<IommuReport> _scannedIommu;
    private readonly ConcurrentDictionary<VirtualAddress, Part<ProcessMemory>> _processMemory = [];

    /// <summary>The parts of a kernel. Nothing is read before it is asked for.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <param name="files">What the kernel says of itself in /proc and /sys; null where nobody recorded it.</param>
    public KernelParts(LinuxKernel kernel, string types = TypeSource.Automatic, SystemFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        _kernel = kernel;
        _layout = new(() => KernelLayout.Of(kernel));
        _perCpu = new(() => PerCpu.Of(kernel));
        _userEntries = new(() => kernel.Architecture.EntriesOf(kernel));
        _objects = Lazily(() => new KernelObjects(kernel, TypeSource.Open(kernel, types)));
        _modules = Lazily(() => ModuleList.Read(Objects.Required));
        _vmalloc = Lazily(() => VmallocList.Read(Objects.Required));
        _pci = Lazily(() => PciInventory.Read(Objects.Required), () => files is null ? null : PciInventory.Shown(files));
        _tasks = Lazily(() => TaskTable.Read(Objects.Required));
        _tablesOfTasks = new(() => kernel.Architecture.RootList is null && Tasks.Value is { } tasks
            ? [.. tasks.Processes.Select(process => process.Root).OfType<PhysicalAddress>().Distinct()] : null);
        _stacks = Lazily(() => TaskStacks.Read(Objects.Required, Tasks.Required));
        _areas = Lazily(() => new ProcessMemoryReader(Objects.Required));
        _pages = Lazily(() => MemoryPages.Of(Objects.Required));
        _pageFiles = Lazily(() => new PageFiles(Objects.Required));
        _swapDevices = Lazily(() => Linux.Pages.SwapDevices.Read(Objects.Required, PageFiles.Required));
        _zones = Lazily(() => ZoneTable.Of(Objects.Required, Pages.Value?.Array ?? PageArray.Of(Objects.Required)));
        _slabs = Lazily(() => SlabAllocator.Of(Objects.Required, Pages.Value));
        _resources = new(() => ResourceTree.OfMemory(kernel));
        _log = new(() => KernelLog.Of(kernel, Objects.Value?.Types));
        _clock = Lazily(() => KernelClock.Read(Objects.Required));
        _stackWalker = Lazily(() => kernel.Architecture.StackWalkerOf(Objects.Required, Modules.Value, SymbolAt));
        _machines = Lazily(() => VirtualMachineList.Read(this));
        _vfio = Lazily(() => VfioContainerList.Read(this));
        _codeSites = new(() => CodeSites.Read(kernel, Objects.Value, Modules.Value));
        _identity = new(() => KernelIdentity.Of(kernel, Log.Value));
        _iommu = new(() => IommuReport.Find(kernel, Objects.Value, Objects.Absence, files, scan: false));
        _scannedIommu = new(() => IommuReport.Find(kernel, Objects.Value, Objects.Absence, files, scan: true));
    }

    /// <summary>The kernel whose parts they are.</summary>
    public LinuxKernel Kernel => _kernel;

    /// <summary>The kernel's virtual memory map.</summary>
    public KernelLayout Layout => _layout.Value;

    /// <summary>Where each CPU keeps its copies of per-CPU variables; without CPUs where this kernel does not tell.</summary>
    public PerCpu PerCpu => _perCpu.Value;

    /// <summary>How the kernel writes the page-table entries of processes.</summary>
    public UserEntries UserEntries => _userEntries.Value;

    /// <summary>The kernel's structures, by the description of its types that was asked for.</summary>
    public Part<KernelObjects> Objects => _objects.Value;

    /// <summary>The loaded modules.</summary>
    public Part<ModuleList> Modules => _modules.Value;

    /// <summary>What the kernel's own tables say of places in its code.</summary>
    public CodeSites CodeSites => _codeSites.Value;

    /// <summary>What vmalloc space is used for.</summary>
    public Part<VmallocList> Vmalloc => _vmalloc.Value;

    /// <summary>The machine's PCI functions: the kernel's own, or those that it shows in /sys.</summary>
    public Part<PciInventory> Pci => _pci.Value;

    /// <summary>The machine's IOMMUs; memory is searched for their tables only where nothing leads to them.</summary>
    public IommuReport Iommu => _iommu.Value;

    /// <summary>The machine's IOMMUs, by every way that there is to find them: all of memory is searched for their tables, too.</summary>
    public IommuReport ScannedIommu => _scannedIommu.Value;

    /// <summary>The kernel's processes.</summary>
    public Part<TaskTable> Tasks => _tasks.Value;

    /// <summary>
    /// The top-level tables of all processes: by the kernel's own list of them, or by its processes where its architecture keeps no such list; null where
    /// neither can be read.
    /// </summary>
    public IReadOnlyList<PhysicalAddress>? ProcessTables => _kernel.ProcessTables ?? _tablesOfTasks.Value;

    /// <summary>Whose kernel stack starts where.</summary>
    public Part<TaskStacks> Stacks => _stacks.Value;

    /// <summary>The struct page of every page frame.</summary>
    public Part<MemoryPages> Pages => _pages.Value;

    /// <summary>The files of the page cache.</summary>
    public Part<PageFiles> PageFiles => _pageFiles.Value;

    /// <summary>The swap devices in use; empty where this kernel does not tell.</summary>
    public Part<IReadOnlyList<SwapDevice>> SwapDevices => _swapDevices.Value;

    /// <summary>The nodes and zones of memory, and their free blocks.</summary>
    public Part<ZoneTable> Zones => _zones.Value;

    /// <summary>What stands where in physical memory, by the kernel's own list (/proc/iomem).</summary>
    public Part<ResourceTree> Resources => _resources.Value;

    /// <summary>The kernel's log.</summary>
    public Part<KernelLog> Log => _log.Value;

    /// <summary>What follows kernel stacks.</summary>
    public Part<StackWalker> StackWalker => _stackWalker.Value;

    /// <summary>Which machine this is, how its kernel was started, and how it fares.</summary>
    public KernelIdentity Identity => _identity.Value;

    /// <summary>The virtual machines that it is the host of.</summary>
    public Part<VirtualMachineList> VirtualMachines => _machines.Value;

    /// <summary>Which processes have devices for themselves, by VFIO.</summary>
    public Part<VfioContainerList> Vfio => _vfio.Value;

    /// <summary>What time it was.</summary>
    public Part<KernelClock> Clock => _clock.Value;

    /// <summary>The slab caches and their slabs.</summary>
    public Part<SlabAllocator> Slabs => _slabs.Value;

    /// <summary>The processes that go through a top-level table, by pid; empty where none does, and where <see cref="Tasks"/> are not there.</summary>
    public IReadOnlyList<KernelTask> OwnersOf(PhysicalAddress root) => Tasks.Value?.OwnersOf(root) ?? [];

    /// <summary>What a process has mapped; nothing of a task without mm_struct. Read once and kept.</summary>
    public Part<ProcessMemory> MemoryOf(KernelTask process)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (process.Mm is not VirtualAddress mm)
        {
            return new ProcessMemory(default, [], []);
        }

        return _processMemory.GetOrAdd(mm, static (address, areas) => Part.Read(() =>
        {
            ProcessMemoryReader reader = areas.Value.Required;
            lock (reader)
            {
                return reader.Read(address);
            }
        }), _areas);
    }

    /// <summary>The table through which a process goes in user mode under page-table isolation, by its top table; null where that is the same.</summary>
    public PhysicalAddress? UserHalfOf(PhysicalAddress root) =>
        _userHalves.GetOrAdd(root, static (address, kernel) => kernel.Architecture.UserHalfOf(kernel, address), _kernel);

    /// <summary>
    /// The space in which a process's user addresses have the rights that count in user mode: its user half's under page-table isolation, or else its own;
    /// without a process the kernel's.
    /// </summary>
    public AddressSpace UserSpace(PhysicalAddress? root) => root is PhysicalAddress top ? _kernel.SpaceOf(UserHalfOf(top) ?? top) : _kernel.Space;

    /// <summary>
    /// The symbol at or before an address of the kernel's image, of a module, or of a CPU's copy of the kernel's per-CPU variables, with the distance from it;
    /// null elsewhere. A copy is called by the symbol and the CPU: "runqueues:1".
    /// </summary>
    public SymbolOffset? SymbolAt(VirtualAddress address) => _kernel.Text.Contains(address) ? _kernel.Kallsyms?.Symbols.At(address)
        : Layout.RegionOf(address).Kind switch
        {
            RegionKind.Modules or RegionKind.KernelText => Modules.Value?.SymbolAt(address),
            RegionKind.Vmalloc when _kernel.Architecture.ModulesLieInVmalloc => Modules.Value?.SymbolAt(address) ?? PerCpuSymbolAt(address),
            RegionKind.DirectMap or RegionKind.Vmalloc => PerCpuSymbolAt(address),
            _ => null,
        };

    /// <summary>
    /// The symbol at or before a byte of physical memory: of the kernel's image, or of a CPU's copy of its per-CPU variables; null elsewhere.
    /// </summary>
    public SymbolOffset? SymbolAt(PhysicalAddress address) => _kernel.Text.PhysicalRange.Contains(address) ? SymbolAt(_kernel.Text.ToVirtual(address))
        : _kernel.DirectMapAddress(address) is VirtualAddress direct ? PerCpuSymbolAt(direct)
        : null;

    /// <summary>The per-CPU symbol of the kernel's image at or before what an instruction or a pointer names; null where it names none.</summary>
    /// <param name="variable">As the symbol has it: an address in the per-CPU area, or an offset in it before 6.15.</param>
    public SymbolOffset? PerCpuSymbolOf(VirtualAddress variable)
    {
        if (!PerCpu.Contains(variable) || _kernel.Kallsyms?.Symbols is not SymbolTable symbols)
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

        return before < 0 ? null : new(symbols[before], variable - symbols.AddressOf(before), next - symbols.AddressOf(before).Value);
    }

    private SymbolOffset? PerCpuSymbolAt(VirtualAddress address) =>
        PerCpu.At(address) is (int cpu, VirtualAddress variable) && PerCpuSymbolOf(variable) is SymbolOffset its
            ? its with { Symbol = its.Symbol with { Address = PerCpu.Address(cpu, its.Symbol.Address), Name = $"{its.Symbol.Name}:{cpu}" } }
            : null;

    private static Lazy<Part<T>> Lazily<T>(Func<T> read, Func<T?>? otherwise = null)
        where T : class =>
        new(() => Part.Read(read) is var part && part.Value is null && otherwise?.Invoke() is T other ? other : part);
}
