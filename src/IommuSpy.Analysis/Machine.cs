using IommuSpy.Analysis.Reverse;
using System.Collections.Concurrent;
using IommuSpy.Linux;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis;

/// <summary>One machine as an image shows it: its memory and the kernel in it. Every answer starts here.</summary>
public sealed class Machine : IDisposable
{
    private readonly Lazy<KernelLayout> _layout;
    private readonly Lazy<SwapTypes> _swapTypes;
    private readonly Lazy<KernelObjects> _objects;
    private readonly Lazy<TaskTable> _tasks;
    private readonly Lazy<AddressSpaceReader> _areas;
    private readonly Lazy<UserEntries> _userEntries;
    private readonly ConcurrentDictionary<VirtualAddress, AddressSpace> _addressSpaces = [];
    private readonly ConcurrentDictionary<PhysicalAddress, PhysicalAddress?> _userHalves = [];
    private readonly Lazy<ReverseMap> _reverseMap;

    private Machine(MemoryImage image, LinuxKernel kernel, string types)
    {
        Image = image;
        Kernel = kernel;
        _layout = new(() => KernelLayout.Of(kernel));
        _swapTypes = new(() => SwapTypes.Of(kernel));
        _reverseMap = new(() => ReverseMap.Of(this));
        _objects = new(() => new(kernel, TypeSource.Open(kernel, types)));
        _tasks = new(() => TaskTable.Read(Objects));
        _areas = new(() => new(Objects));
        _userEntries = new(() => new(kernel, SwapTypes));
    }

    /// <summary>The image.</summary>
    public MemoryImage Image { get; }

    /// <summary>The kernel found in it.</summary>
    public LinuxKernel Kernel { get; }

    /// <summary>The kernel's virtual memory map.</summary>
    public KernelLayout Layout => _layout.Value;

    /// <summary>What the kernel's swap types mean.</summary>
    public SwapTypes SwapTypes => _swapTypes.Value;

    /// <summary>The kernel's structures, by the description of its types that was asked for.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its types.</exception>
    public KernelObjects Objects => _objects.Value;

    /// <summary>The kernel's processes.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its tasks.</exception>
    public TaskTable Tasks => _tasks.Value;

    /// <summary>How the kernel writes the page-table entries of processes.</summary>
    public UserEntries UserEntries => _userEntries.Value;

    /// <summary>From a page to everyone who maps it; made by the first question that asks.</summary>
    public ReverseMap ReverseMap => _reverseMap.Value;

    /// <summary>The kernel's symbols, or null where it has none.</summary>
    public SymbolTable? Symbols => Kernel.Kallsyms?.Symbols;

    /// <summary>Opens an image and finds the kernel in it.</summary>
    /// <param name="path">The image's path.</param>
    /// <param name="options">What the user says of the image.</param>
    /// <param name="types">Which description of its types is asked for: see <see cref="TypeSource"/>.</param>
    /// <exception cref="MemoryImageException">The image cannot be read, or is corrupt.</exception>
    /// <exception cref="LinuxDiscoveryException">No kernel is found in it.</exception>
    public static Machine Open(string path, MemoryImageOptions? options = null, string types = TypeSource.Automatic)
    {
        MemoryImage image = MemoryImage.Open(path, options);
        try
        {
            LinuxKernel kernel = LinuxKernel.Discover(image);
            if (kernel.IsPartial && !image.DeclaresItsSize && options?.AllowTruncated != true)
            {
                throw new MemoryImageException(
                    $"{path}: {image.Format}, but its kernel has {Size.Text(kernel.DirectMapBytes)} of memory and the file holds {Size.Text(kernel.Memory.ByteCount)}: {Size.Text(kernel.MissingBytes)} is missing. Analyse what is there with --allow-truncated.");
            }

            return new(image, kernel, types);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>The space under a root table, or the kernel's own.</summary>
    public X64AddressSpace Space(PhysicalAddress? root) => root is PhysicalAddress address ? Kernel.SpaceOf(address) : Kernel.Space;

    /// <summary>The table through which a process goes in user mode under page-table isolation, by its top table; null where that is the same.</summary>
    public PhysicalAddress? UserHalfOf(PhysicalAddress root) => _userHalves.GetOrAdd(root, static (address, kernel) => PageTableIsolation.UserHalfOf(kernel, address), Kernel);

    /// <summary>The space in which a process's user addresses have the rights that count in user mode: its user half's under page-table isolation, or else <see cref="Space"/>.</summary>
    public X64AddressSpace UserSpace(PhysicalAddress? root) => Space(root is PhysicalAddress top ? UserHalfOf(top) ?? top : null);

    /// <summary>The processes, or null where nothing describes them: for answers that are worth having without.</summary>
    public TaskTable? FindTasks()
    {
        try
        {
            return Tasks;
        }
        catch (MissingTypeException)
        {
            return null;
        }
    }

    /// <summary>What a process has mapped; nothing of a task without mm_struct. Read once and kept.</summary>
    /// <exception cref="MissingTypeException">Nothing describes its areas.</exception>
    public AddressSpace AddressSpaceOf(KernelTask process)
    {
        if (process.Mm is not VirtualAddress mm)
        {
            return new(default, [], []);
        }

        return _addressSpaces.GetOrAdd(mm, static (address, reader) =>
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

    /// <summary>The symbol at or before a kernel address, with the distance from it; null outside the kernel's image.</summary>
    public SymbolOffset? SymbolAt(VirtualAddress address) => Kernel.Text.Contains(address) ? Symbols?.At(address) : null;

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();
}
