using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference;

/// <summary>What steps look at, and the book that they write fields down in. What they find beyond fields they return.</summary>
internal sealed class InferenceContext(LinuxKernel kernel, int? reader)
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

    /// <summary>The name of a function in the kernel's image; null for what is none.</summary>
    public string? FunctionName(ulong address) =>
        Kernel.Text.Contains(new(address)) && Kernel.Kallsyms?.Symbols.At(new(address)) is SymbolOffset { Offset: 0 } symbol ? symbol.Symbol.Name : null;

    /// <summary>The word of an object that a field holds; 0 where there is none.</summary>
    public ulong Read(ulong instance, int offset) => Memory.WordOrZero(instance + (ulong)offset);
}
