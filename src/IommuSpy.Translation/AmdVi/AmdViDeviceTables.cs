using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.AmdVi;

/// <summary>AMD-Vi's device table: 32 bytes a device, by its number on the bus (AMD 48882, 2.2.2). docs/amd-vi-device-table.md</summary>
/// <param name="memory">Where it is.</param>
/// <param name="root">Physical address of its first entry: MMIO register 0, bits 12-51.</param>
/// <param name="bytes">Its size, a multiple of 4096: the register's bits 0-8 plus 1, in pages.</param>
/// <param name="segment">PCI segment of the unit.</param>
/// <param name="entryMask">Clears the C-bit under SME; all ones elsewhere.</param>
public sealed class AmdViDeviceTables(PhysicalMemory memory, PhysicalAddress root, int bytes, ushort segment = 0, ulong entryMask = ulong.MaxValue)
    : IDeviceTables
{
    /// <summary>Bytes of the largest table: every device of a segment.</summary>
    public const int MostBytes = (MostDevices + 1) * AmdViDeviceEntry.Bytes;

    private const int MostDevices = 0xffff;

    /// <inheritdoc/>
    public PhysicalAddress Root => root;

    /// <summary>Size of the table in bytes.</summary>
    public int Bytes => bytes;

    /// <summary>How many devices it has entries for.</summary>
    public int Entries => bytes / AmdViDeviceEntry.Bytes;

    /// <inheritdoc/>
    public DeviceContext ContextOf(RequesterId requester, int? pasid = null)
    {
        PhysicalAddress address = new(root.Value + ((ulong)requester.Value * AmdViDeviceEntry.Bytes));
        if (requester.Segment != segment || requester.Value >= Entries)
        {
            return new(
                requester, pasid, DmaMode.Blocked, 0, null, AccessRights.None, address, [], DeviceTlb: false,
                requester.Segment != segment ? "it is in another PCI segment" : "it is beyond the end of the device table");
        }

        ulong[] entry = new ulong[AmdViDeviceEntry.Words];
        return TryRead(address, entry)
            ? AmdViDeviceEntry.Read(memory, requester, pasid, address, entry, entryMask)
            : new(
                requester, pasid, DmaMode.Blocked, 0, null, AccessRights.None, address, [], DeviceTlb: false,
                $"its entry of the device table is {memory.WhyUnread(address)}");
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Linux fills the table with entries that let nothing through; entries of all zeros, which let everything through, are for devices that it does not know.
    /// </remarks>
    public IReadOnlyList<DeviceContext> Contexts(out bool limitReached)
    {
        limitReached = false;
        List<DeviceContext> contexts = [];
        ulong[] entry = new ulong[AmdViDeviceEntry.Words];
        for (int device = 0; device < Entries; device++)
        {
            if (!TryRead(new(root.Value + ((ulong)device * AmdViDeviceEntry.Bytes)), entry) || !AmdViDeviceEntry.IsInUse(entry))
            {
                continue;
            }

            RequesterId requester = new(segment, (ushort)device);
            contexts.Add(ContextOf(requester));
            foreach (int pasid in AmdViDeviceEntry.Pasids(memory, entry, entryMask))
            {
                if (contexts.Count >= VtD.VtdDeviceTables.MostContexts)
                {
                    limitReached = true;
                    return contexts;
                }

                contexts.Add(ContextOf(requester, pasid));
            }
        }

        return contexts;
    }

    /// <summary>A device's entry as it stands, or null where the table or the image ends before it.</summary>
    public IReadOnlyList<ulong>? EntryOf(RequesterId requester)
    {
        ulong[] entry = new ulong[AmdViDeviceEntry.Words];
        return requester.Segment == segment && requester.Value < Entries && TryRead(new(root.Value + ((ulong)requester.Value * AmdViDeviceEntry.Bytes)), entry)
            ? entry : null;
    }

    private bool TryRead(PhysicalAddress address, ulong[] words)
    {
        Span<byte> read = MemoryMarshal.AsBytes(words.AsSpan());
        return memory.Read(address, read) == read.Length;
    }
}
