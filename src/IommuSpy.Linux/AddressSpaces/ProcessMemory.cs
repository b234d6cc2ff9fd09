using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>What a process has mapped, by the kernel's own list. Immutable.</summary>
/// <param name="Mm">Where its mm_struct is.</param>
/// <param name="Areas">In order of address; none overlaps another. The page at the fixed address (vsyscall), which belongs to no process, is the last where it
/// is on.</param>
/// <param name="Damage">What of the list could not be read or contradicts itself; empty for a whole one.</param>
public sealed record ProcessMemory(VirtualAddress Mm, IReadOnlyList<MemoryArea> Areas, IReadOnlyList<string> Damage)
{
    /// <summary>The area that holds an address; null where nothing is mapped.</summary>
    public MemoryArea? AreaAt(VirtualAddress address)
    {
        int low = 0;
        int high = Areas.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            MemoryArea area = Areas[middle];
            if (area.Contains(address))
            {
                return area;
            }

            if (area.Start.CompareTo(address) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return null;
    }
}
