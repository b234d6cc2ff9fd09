using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>What inference has found so far: each step goes on from the objects that the steps before it found.</summary>
internal sealed class InferenceState(LinuxKernel kernel, int? reader)
{
    /// <summary>Where a kobject names what it is in (include/linux/kobject.h: name, entry, parent).</summary>
    public const int KernelObjectParentAt = 24;

    private const int MaxTextBytes = 512; // KSYM_NAME_LEN

    /// <summary>The kernel.</summary>
    public LinuxKernel Kernel { get; } = kernel;

    /// <summary>On the running machine, this process's number there.</summary>
    public int? Reader { get; } = reader;

    /// <summary>Reads its objects.</summary>
    public KernelBytes Memory { get; } = new(kernel);

    /// <summary>What was pinned down.</summary>
    public LayoutBook Book { get; } = new();

    /// <summary>Where init_task is.</summary>
    public ulong InitTask { get; set; }

    /// <summary>Every task of the list of processes, init_task first.</summary>
    public List<ulong> Leaders { get; set; } = [];

    /// <summary>Every task that is a thread of another, by its leader; leaders with no other thread are left out.</summary>
    public Dictionary<ulong, List<ulong>> OtherThreads { get; } = [];

    /// <summary>Every task, init_task first: all leaders and all threads.</summary>
    public List<ulong> Tasks { get; set; } = [];

    /// <summary>More than which no task_struct has: the least distance between two of them.</summary>
    public int TaskBytes { get; set; }

    /// <summary>Each mm of a process, and a task that has it.</summary>
    public Dictionary<ulong, ulong> Maps { get; } = [];

    /// <summary>More than which no mm_struct has: the least distance between two of them.</summary>
    public int MapBytes => FieldSearch.LeastDistance(Maps.Keys, MemoryMapStep.MaxMapBytes);

    /// <summary>The areas of each mm, in order of address.</summary>
    public Dictionary<ulong, List<ulong>> Areas { get; set; } = [];

    /// <summary>More than which no vm_area_struct has: the least distance between two of them.</summary>
    public int AreaBytes { get; set; }

    /// <summary>Every struct file that maps something, or that a process runs.</summary>
    public List<ulong> Files { get; set; } = [];

    /// <summary>The directory entries of those files, and all above them.</summary>
    public List<ulong> Entries { get; set; } = [];

    /// <summary>Those of them that are directories: another is below them.</summary>
    public HashSet<ulong> Directories { get; } = [];

    /// <summary>Every super_block on the list of all.</summary>
    public List<ulong> Supers { get; set; } = [];

    /// <summary>Every struct kmem_cache.</summary>
    public List<ulong> Caches { get; set; } = [];

    /// <summary>Every struct module.</summary>
    public List<ulong> Modules { get; set; } = [];

    /// <summary>Every struct pci_bus, and the number in its name.</summary>
    public Dictionary<ulong, byte> PciBuses { get; } = [];

    /// <summary>Where in them their kobject is, which begins with a pointer to that name.</summary>
    public int PciBusNameAt { get; set; }

    /// <summary>Every struct pci_dev, and the address that its name is.</summary>
    public Dictionary<ulong, PciAddress> PciFunctions { get; } = [];

    /// <summary>Where in them their kobject is, which begins with a pointer to that name.</summary>
    public int PciNameAt { get; set; }

    /// <summary>Every struct zone that has memory, its first page frame, and the number of frames that it spans.</summary>
    public List<(ulong Address, PageFrame Start, ulong Spanned)> Zones { get; } = [];

    /// <summary>Every area of every mm.</summary>
    public List<ulong> AllAreas => [.. Areas.Values.SelectMany(areas => areas)];

    /// <summary>Whether an address is in the kernel's image or in module space, where tables of functions are.</summary>
    public bool IsStatic(ulong address) =>
        Kernel.Text.Contains(new(address)) || (Kernel.Facts.ModulesBase is { } modules && address >= modules.Value.Value && Memory.IsPointer(address));

    /// <summary>Where a symbol of the kernel is; null where it has none of that name.</summary>
    public ulong? SymbolAddress(string name) =>
        Kernel.Kallsyms?.Symbols is SymbolTable symbols && symbols.TryFind(name, out Symbol symbol) ? symbol.Address.Value : null;

    /// <summary>
    /// What a circular list links (include/linux/list.h): the addresses of the links, without the head; null where a link does not lead back, or there are more
    /// than <paramref name="most"/>.
    /// </summary>
    public List<ulong>? Linked(ulong head, int most)
    {
        List<ulong> links = [];
        ulong at = head;
        while (true)
        {
            ulong next = Memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || Memory.WordOrZero(next + sizeof(ulong)) != at)
            {
                return null;
            }

            if (next == head)
            {
                return links;
            }

            if (links.Count == most)
            {
                return null;
            }

            links.Add(next);
            at = next;
        }
    }

    /// <summary>The name with which a kobject begins; null where it is no printable text.</summary>
    public string? KernelObjectName(ulong kernelObject) =>
        Memory.WordOrZero(kernelObject) is ulong name && KernelBytes.LooksLikeAddress(name) ? Text(name) : null;

    /// <summary>Printable ASCII of less than 512 characters; null where it is none, or empty.</summary>
    public string? Text(ulong address)
    {
        ReadOnlySpan<byte> bytes = Memory.At(address, MaxTextBytes);
        int end = bytes.IndexOf((byte)0);
        return end > 0 && bytes[..end].IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 ? Encoding.ASCII.GetString(bytes[..end]) : null;
    }

    /// <summary>Whether an address is in the kernel's image or in module space, as a return address is.</summary>
    public bool IsCode(ulong address) => IsStatic(address & ~7UL);

    /// <summary>Whether the release is this one or later: for names that changed where nothing else did.</summary>
    public bool IsSince(int major, int minor) => Kernel.IsSince(major, minor) == true;

    /// <summary>What VMCOREINFO says of a field, "page.lru", that was found elsewhere; null where it contradicts nothing, or says nothing.</summary>
    public string? Contradiction(params ReadOnlySpan<(string Field, int At)> found)
    {
        foreach ((string field, int at) in found)
        {
            if (Kernel.VmCoreInfo is VmCoreInfoNote note && note.TryGetOffset(field, out long told) && told != at)
            {
                return $"VMCOREINFO has {field} at {told}, and the data at {at}";
            }
        }

        return null;
    }

    /// <summary>Where a field is that a step before found.</summary>
    public int At(string tag, string name) => Book.OffsetOf(tag, name) ?? throw new MissingTypeException($"{tag}.{name} was not inferred");

    /// <summary>Whether all those fields were found.</summary>
    public bool Has(string tag, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Book.OffsetOf(tag, name) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The word of an object that a field holds; 0 where there is none.</summary>
    public ulong Read(ulong instance, int offset) => Memory.WordOrZero(instance + (ulong)offset);
}
