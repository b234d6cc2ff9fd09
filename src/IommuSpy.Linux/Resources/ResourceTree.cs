using System.Text;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Resources;

/// <summary>
/// One of the kernel's two lists of what stands where: in physical memory (iomem_resource, which /proc/iomem prints), or among the I/O ports
/// (ioport_resource, /proc/ioports). Where its fields stand shows in the list itself; no description of types is needed.
/// </summary>
public sealed class ResourceTree
{
    // include/linux/ioport.h. Where parent, sibling and child follow: behind flags, or since 4.6 behind desc.
    private const int StartAt = 0;
    private const int EndAt = 8;
    private const int NameAt = 16;
    private const int MostResources = 1 << 16;
    private const int MostNameBytes = 128;
    private const ulong MostAddress = 1UL << 52;

    private static readonly int[] ParentPlaces = [40, 32];

    private readonly AddressSpace _space;
    private readonly int _parentAt;
    private readonly List<KernelResource> _all = [];

    private ResourceTree(AddressSpace space, int parentAt)
    {
        _space = space;
        _parentAt = parentAt;
    }

    /// <summary>Every resource, each before those in it, by address.</summary>
    public IReadOnlyList<KernelResource> All => _all;

    /// <summary>Why it is not whole, in a sentence; null where it is.</summary>
    public string? Damage { get; private set; }

    /// <summary>Reads what is claimed of physical memory.</summary>
    public static Part<ResourceTree> OfMemory(LinuxKernel kernel) => Of(kernel, "iomem_resource");

    /// <summary>Reads which I/O ports are claimed.</summary>
    public static Part<ResourceTree> OfPorts(LinuxKernel kernel) => Of(kernel, "ioport_resource");

    /// <summary>What holds an address, from the outermost to the innermost; empty where nothing does.</summary>
    public IReadOnlyList<KernelResource> At(ulong address) => [.. _all.Where(resource => resource.Start <= address && address <= resource.Last)];

    /// <summary>The innermost resource that holds an address; where none does, the first that begins in the same page; null where none does either.</summary>
    public KernelResource? Innermost(ulong address) => At(address) is { Count: > 0 } holders
        ? holders[^1]
        : _all.FirstOrDefault(resource => resource.Start > address && resource.Start / PageFrame.Size == address / PageFrame.Size);

    /// <summary>Reads a tree from its root; null where what is there is no such tree.</summary>
    /// <param name="space">The kernel's.</param>
    /// <param name="root">iomem_resource, or ioport_resource.</param>
    internal static ResourceTree? Read(AddressSpace space, VirtualAddress root)
    {
        foreach (int parentAt in ParentPlaces)
        {
            ResourceTree tree = new(space, parentAt);
            if (tree.Word(root, StartAt) == 0 && tree.Word(root, EndAt) is ulong last && tree.Parent(root) == 0 && tree.Sibling(root) == 0
                && tree.Child(root) is ulong child && tree.Parent(new(child)) == root.Value)
            {
                tree.Follow(root, child, last);
                return tree;
            }
        }

        return null;
    }

    private static Part<ResourceTree> Of(LinuxKernel kernel, string name)
    {
        if (kernel.Kallsyms is null || !kernel.Kallsyms.Symbols.TryFind(name, out Kallsyms.Symbol symbol))
        {
            return Part.Absent($"the kernel's list of resources is not found: no symbol {name}");
        }

        return Read(kernel.Space, symbol.Address) is ResourceTree tree
            ? tree
            : Part.Absent($"the kernel's list of resources cannot be read: {name} at {symbol.Address} begins none");
    }

    // Those in one resource are in the order of their addresses, and within it: what is not, or has another parent, is damage and ends its list.
    private void Follow(VirtualAddress root, ulong first, ulong last)
    {
        Stack<(KernelResource? Parent, ulong Next, ulong From)> left = new();
        left.Push((null, first, 0));
        while (left.TryPop(out (KernelResource? Parent, ulong Next, ulong From) level))
        {
            if (level.Next == 0)
            {
                continue;
            }

            VirtualAddress at = new(level.Next);
            ulong parent = level.Parent?.Object.Value ?? root.Value;
            if (_all.Count == MostResources)
            {
                Damage = $"the list of resources goes on behind {MostResources} of them";
                return;
            }

            if (Parent(at) != parent || Word(at, StartAt) is not ulong start || Word(at, EndAt) is not ulong end || start < level.From || end < start
                || end > (level.Parent?.Last ?? last) || end >= MostAddress)
            {
                Damage ??= $"the list of resources ends early: what stands at {at} is none of {level.Parent?.Name ?? "the top"}";
                continue;
            }

            KernelResource resource = new(at, start, end, Name(at), level.Parent is KernelResource outer ? outer.Depth + 1 : 0);
            _all.Add(resource);
            left.Push((level.Parent, Sibling(at) ?? 0, end + 1));
            left.Push((resource, Child(at) ?? 0, start));
        }
    }

    private ulong? Parent(VirtualAddress resource) => Word(resource, _parentAt);

    private ulong? Sibling(VirtualAddress resource) => Word(resource, _parentAt + sizeof(ulong));

    private ulong? Child(VirtualAddress resource) => Word(resource, _parentAt + (2 * sizeof(ulong)));

    private string? Name(VirtualAddress resource)
    {
        if (Word(resource, NameAt) is not ulong at || at == 0)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[MostNameBytes];
        bytes = bytes[.._space.Read(new(at), bytes)];
        int end = bytes.IndexOf((byte)0);
        return bytes.IsEmpty ? null : Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private ulong? Word(VirtualAddress resource, int at)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        return _space.Read(resource + (ulong)at, bytes) == bytes.Length ? BitConverter.ToUInt64(bytes) : null;
    }
}
