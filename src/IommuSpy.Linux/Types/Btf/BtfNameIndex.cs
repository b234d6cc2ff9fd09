using System.Text;

namespace IommuSpy.Linux.Types.Btf;

/// <summary>
/// From names to type numbers, without a string a name: a table of open addressing that keeps where each name stands in the blob, and compares bytes.
/// </summary>
/// <param name="nameAt">The bytes of the name at an offset of the string sections.</param>
internal sealed class BtfNameIndex(BtfNameIndex.NameReader nameAt)
{
    private const uint OffsetBasis = 2166136261;
    private const uint Prime = 16777619;
    private const int InitialSlots = 1 << 12;

    private Slot[] _slots = new Slot[InitialSlots];
    private int _count;

    /// <summary>Reads a name.</summary>
    public delegate ReadOnlySpan<byte> NameReader(uint offset);

    /// <summary>Adds a type; of several of one name the first stays.</summary>
    /// <param name="name">Offset of its name; not 0.</param>
    /// <param name="id">Its number.</param>
    public void Add(uint name, int id)
    {
        if (_count >= _slots.Length / 2)
        {
            Grow();
        }

        ReadOnlySpan<byte> bytes = nameAt(name);
        ref Slot slot = ref Find(_slots, bytes, Hash(bytes));
        if (slot.Name == 0)
        {
            slot = new(name, id, Hash(bytes));
            _count++;
        }
    }

    /// <summary>The number of the type of a name; null where there is none.</summary>
    public int? Find(string name)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(name);
        Slot slot = Find(_slots, bytes, Hash(bytes));
        return slot.Name == 0 ? null : slot.Id;
    }

    // FNV-1a.
    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        uint hash = OffsetBasis;
        foreach (byte value in bytes)
        {
            hash = (hash ^ value) * Prime;
        }

        return hash;
    }

    /// <summary>The slot of a name, or the free one where it would go. One half of the slots is free at least, so there is one.</summary>
    private ref Slot Find(Slot[] slots, ReadOnlySpan<byte> name, uint hash)
    {
        int at = (int)(hash & (uint)(slots.Length - 1));
        while (slots[at].Name != 0 && (slots[at].Hash != hash || !nameAt(slots[at].Name).SequenceEqual(name)))
        {
            at = (at + 1) & (slots.Length - 1);
        }

        return ref slots[at];
    }

    private void Grow()
    {
        Slot[] larger = new Slot[_slots.Length * 2];
        foreach (Slot slot in _slots)
        {
            if (slot.Name != 0)
            {
                // All names differ, so the first free slot is the right one.
                int at = (int)(slot.Hash & (uint)(larger.Length - 1));
                while (larger[at].Name != 0)
                {
                    at = (at + 1) & (larger.Length - 1);
                }

                larger[at] = slot;
            }
        }

        _slots = larger;
    }

    private readonly record struct Slot(uint Name, int Id, uint Hash);
}
