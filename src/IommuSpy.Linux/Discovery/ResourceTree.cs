using System.Text;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// The kernel's own list of what stands where in physical memory, which /proc/iomem prints: struct resource, from iomem_resource on (include/linux/ioport.h).
/// Memory that was plugged in is in it, also where the firmware's map has none.
/// </summary>
internal static class ResourceTree
{
    private const int StartAt = 0;
    private const int EndAt = 8;
    private const int NameAt = 16;
    private const int MostResources = 4096;
    private const ulong MostAddress = 1UL << 52;

    // Where parent, sibling and child follow: behind flags, or since 4.6 behind desc.
    private static readonly int[] ParentPlaces = [40, 32];
    private static readonly string[] MemoryNames = ["System RAM", "Persistent Memory"];

    /// <summary>The ranges of memory at the top of the tree, as far as it can be read; null where what is there is no such tree.</summary>
    /// <param name="space">The kernel's.</param>
    /// <param name="root">iomem_resource.</param>
    internal static IReadOnlyList<PhysicalRange>? Memory(AddressSpace space, VirtualAddress root)
    {
        foreach (int parentAt in ParentPlaces)
        {
            if (Word(space, root, StartAt) == 0 && Word(space, root, parentAt) == 0 && Word(space, root, parentAt + sizeof(ulong)) == 0
                && Word(space, root, parentAt + (2 * sizeof(ulong))) is ulong child && Word(space, new(child), parentAt) == root.Value)
            {
                return Siblings(space, root, child, parentAt);
            }
        }

        return null;
    }

    private static List<PhysicalRange> Siblings(AddressSpace space, VirtualAddress root, ulong first, int parentAt)
    {
        List<PhysicalRange> memory = [];
        ulong before = 0;
        ulong at = first;

        // They are in the order of their addresses: what is not, or has another parent, is damage and ends the list.
        for (int count = 0; at != 0 && count < MostResources; count++)
        {
            VirtualAddress resource = new(at);
            if (Word(space, resource, parentAt) != root.Value || Word(space, resource, StartAt) is not ulong start
                || Word(space, resource, EndAt) is not ulong end
                || start < before || end < start || end >= MostAddress)
            {
                break;
            }

            if (Word(space, resource, NameAt) is ulong name && MemoryNames.Any(known => IsText(space, new(name), known)))
            {
                memory.Add(new(new(start), end - start + 1));
            }

            before = end;
            at = Word(space, resource, parentAt + sizeof(ulong)) ?? 0;
        }

        return memory;
    }

    private static ulong? Word(AddressSpace space, VirtualAddress resource, int at)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        return space.Read(resource + (ulong)at, bytes) == bytes.Length ? BitConverter.ToUInt64(bytes) : null;
    }

    private static bool IsText(AddressSpace space, VirtualAddress at, string expected)
    {
        Span<byte> bytes = stackalloc byte[expected.Length];
        return space.Read(at, bytes) == bytes.Length && string.Equals(Encoding.ASCII.GetString(bytes), expected, StringComparison.Ordinal);
    }
}
