using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Slab;

/// <summary>Follows a list of free objects through one slab. What leads outside, between objects, or back, ends it.</summary>
/// <param name="objects">Reads the kernel's memory.</param>
/// <param name="cache">The slab's cache.</param>
/// <param name="start">Where the slab begins.</param>
/// <param name="count">How many objects it has.</param>
internal sealed class FreeObjects(KernelObjects objects, SlabCache cache, VirtualAddress start, int count)
{
    /// <summary>Marks the objects of a list.</summary>
    /// <param name="first">The first one's address; 0 for an empty list.</param>
    /// <param name="rule">How pointers are encoded.</param>
    /// <param name="mark">What each object that is met becomes.</param>
    /// <param name="states">A state an object: what is not <see cref="SlabObjectState.Live"/> yet has been met before.</param>
    /// <returns>Why the list could not be followed to its end; null where it could.</returns>
    public string? Follow(ulong first, FreePointers rule, SlabObjectState mark, Span<SlabObjectState> states)
    {
        ulong at = first;
        for (int followed = 0; at != 0; followed++)
        {
            if (IndexOf(at) is not int index)
            {
                return $"a list of free objects leads to 0x{at:x16}, which is no object of the slab";
            }

            if (followed == count || states[index] != SlabObjectState.Live)
            {
                return $"a list of free objects comes back to 0x{at:x16}";
            }

            states[index] = mark;
            ulong pointer = at + cache.FreePointer;
            if (objects.Word(new(pointer)) is not ulong stored)
            {
                return $"the free pointer at 0x{pointer:x16} cannot be read";
            }

            at = rule.Decode(stored, cache.Secret ?? 0, pointer);
        }

        return null;
    }

    /// <summary>The number of the object that begins at an address; null where none does.</summary>
    public int? IndexOf(ulong address)
    {
        ulong distance = unchecked(address - start.Value - cache.LeftPad);
        return distance % cache.Size == 0 && distance / cache.Size < (ulong)count ? (int)(distance / cache.Size) : null;
    }
}
