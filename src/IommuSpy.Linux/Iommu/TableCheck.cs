using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.SmmuV3;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Linux.Iommu;

/// <summary>Tells IOMMU tables from pages that happen to look like some: everything below them has to be what it would be.</summary>
/// <param name="memory">The memory.</param>
/// <param name="entryMask">Clears the C-bit from AMD-Vi tables under SME.</param>
internal sealed class TableCheck(PhysicalMemory memory, ulong entryMask)
{
    private const ulong Present = 1;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const int RootEntries = 256;
    private const int FewestDefault = 64;

    // What firmware and drivers map beyond memory is little: a table whose leaves point at nothing is none.
    private const int MostStrayParts = 4;

    /// <summary>The mode whose shape tables have, whatever they are said to be; null for none.</summary>
    public IommuMode? ModeOf(IDeviceTables tables)
    {
        if (tables is AmdViDeviceTables devices)
        {
            return AmdViWeight(devices.Root, devices.Bytes) > 0 ? IommuMode.DeviceTable : null;
        }

        if (tables is SmmuV3StreamTables)
        {
            return SmmuWeight(tables) > 0 ? IommuMode.StreamTable : null;
        }

        int legacy = VtdWeight(tables.Root, scalable: false);
        int scalable = VtdWeight(tables.Root, scalable: true);
        return legacy == 0 && scalable == 0 ? null : legacy >= scalable ? IommuMode.Legacy : IommuMode.Scalable;
    }

    /// <summary>How many devices a root table verifies for; 0 where anything below it is wrong, or where nothing tells it from chance.</summary>
    public int VtdWeight(PhysicalAddress root, bool scalable)
    {
        VtdDeviceTables tables = new(memory, root, scalable);
        int contexts = 0;
        int filled = 0;
        int through = 0;
        for (int bus = 0; bus < RootEntries; bus++)
        {
            for (int half = 0; half < 2; half++)
            {
                if (!memory.TryRead(new(root.Value + ((ulong)bus * 16) + ((ulong)half * sizeof(ulong))), out ulong entry)
                    || (!scalable && half == 1 && entry != 0))
                {
                    return 0;
                }

                if (entry == 0)
                {
                    continue;
                }

                if (!IsContextTable(new(entry & AddressMask), scalable))
                {
                    return 0;
                }

                int first = scalable && half == 1 ? 128 : 0;
                for (int i = 0; i < (scalable ? 128 : 256); i++)
                {
                    DeviceContext context = tables.ContextOf(new(0, (ushort)((bus << 8) | (first + i))));
                    if (context.Mode == DmaMode.Blocked && (context.Entry.Count == 0 || (context.Entry[0] & Present) == 0))
                    {
                        continue;
                    }

                    contexts++;
                    if (context.Mode == DmaMode.PassThrough)
                    {
                        through++;
                    }
                    else if (context.Space is not IoAddressSpace space || IsTable(space) is not bool used)
                    {
                        return 0;
                    }
                    else if (used)
                    {
                        filled++;
                    }
                }
            }
        }

        return filled > 0 || through > 1 ? contexts : 0;
    }

    /// <summary>The same for a device table.</summary>
    public int AmdViWeight(PhysicalAddress root, int bytes)
    {
        AmdViDeviceTables tables = new(memory, root, bytes, entryMask: entryMask);
        int filled = 0;
        int through = 0;
        int interrupts = 0;
        int defaults = 0;
        for (int device = 0; device < tables.Entries; device++)
        {
            RequesterId requester = new(0, (ushort)device);
            if (tables.EntryOf(requester) is not { } entry)
            {
                return 0;
            }

            if (AmdViDeviceEntry.IsDefault(entry[0]))
            {
                defaults++;
            }

            if (!AmdViDeviceEntry.IsInUse([.. entry]))
            {
                continue;
            }

            if (AmdViDeviceEntry.InterruptTable(entry) is (PhysicalAddress table, int _))
            {
                if (!memory.Contains(new(table.Value & entryMask)))
                {
                    return 0;
                }

                interrupts++;
            }

            DeviceContext context = tables.ContextOf(requester);
            if (context.Mode == DmaMode.Invalid || entry[3] >> 32 != 0)
            {
                return 0;
            }

            if (context.Mode == DmaMode.PassThrough)
            {
                through++;
            }
            else if (context.Space is IoAddressSpace space)
            {
                if (IsTable(space) is not bool used)
                {
                    return 0;
                }

                filled += used ? 1 : 0;
            }
        }

        return defaults >= FewestDefault && (filled > 0 || (through > 1 && interrupts > 0)) ? filled + through + interrupts : 0;
    }

    /// <summary>The same for a stream table.</summary>
    public int SmmuWeight(IDeviceTables tables)
    {
        int used = 0;
        foreach (DeviceContext context in tables.Contexts(out _))
        {
            if (context.Mode == DmaMode.Invalid || (context.Space is IoAddressSpace space && IsTable(space) is null))
            {
                return 0;
            }

            used += context.Mode is DmaMode.Translated or DmaMode.PassThrough ? 1 : 0;
        }

        return used;
    }

    // Entries that are not present are zeros: Linux clears whole ones.
    private bool IsContextTable(PhysicalAddress table, bool scalable)
    {
        Span<byte> copy = stackalloc byte[PageFrame.Size];
        if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
        {
            return false;
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        int entryWords = (scalable ? VtdContextEntry.ScalableBytes : VtdContextEntry.LegacyBytes) / sizeof(ulong);
        bool any = false;
        for (int i = 0; i < words.Length; i += entryWords)
        {
            if ((words[i] & Present) != 0)
            {
                any = true;
            }
            else if (words.Slice(i, entryWords).ContainsAnyExcept(0UL))
            {
                return false;
            }
        }

        return any;
    }

    /// <summary>Whether a device's tables hold anything; null where they are no tables.</summary>
    /// <remarks>The top table, and the first one of each level below: an entry that is not zero is present, right, and leads into memory.</remarks>
    private bool? IsTable(IoAddressSpace space)
    {
        if (space.Second is not null)
        {
            return IsTable(space.Second);
        }

        TableFormat format = space.Tables;
        PhysicalAddress table = space.Root;
        Span<byte> copy = stackalloc byte[format.TableBytes];
        bool used = false;
        for (int depth = space.Levels; depth > 0;)
        {
            if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
            {
                return null;
            }

            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
            PhysicalAddress? next = null;
            int nextLevel = 0;
            int stray = 0;
            foreach (ulong raw in words)
            {
                ulong entry = raw & space.EntryMask;
                if (entry == 0)
                {
                    continue;
                }

                if (!format.IsPresent(entry) || format.ReservedBits(entry, depth) != 0)
                {
                    return null;
                }

                used = true;
                PhysicalAddress target = new(format.Target(entry) & ~(format.PageBytes - 1));
                if (format.IsLeaf(entry, depth))
                {
                    stray += memory.Contains(target) ? 0 : 1;
                }
                else if (!memory.Contains(target))
                {
                    return null;
                }
                else if (next is null)
                {
                    next = target;
                    nextLevel = format.NextLevel(entry, depth);
                }
            }

            if (stray > words.Length / MostStrayParts)
            {
                return null;
            }

            if (next is not PhysicalAddress below)
            {
                break;
            }

            table = below;
            depth = nextLevel;
        }

        return used;
    }
}
