using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>What an address in a slab is.</summary>
/// <param name="Address">The address, in the direct map.</param>
/// <param name="Cache">Its cache.</param>
/// <param name="Object">The object that holds it; null between objects and behind the last.</param>
/// <param name="Offset">Bytes from that object's beginning.</param>
/// <param name="Slab">The slab.</param>
public sealed record SlabAddressReport(VirtualAddress Address, SlabCache Cache, SlabObject? Object, HexValue? Offset, SlabReport Slab)
{
    /// <summary>Asks a machine; null where the address is in no slab.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="physical">The physical address.</param>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes the slab allocator.</exception>
    public static SlabAddressReport? Of(Machine machine, PhysicalAddress physical)
    {
        if (machine.Parts.Slabs.Required.SlabOf(physical.Frame) is not SlabPages slab)
        {
            return null;
        }

        VirtualAddress address = slab.Start + (physical.Value - slab.Head.Address.Value);
        SlabObject? holder = slab.ObjectAt(address) is SlabObject item && address - item.Address < slab.Cache.ObjectSize ? item : null;
        return new(address, slab.Cache, holder, holder is SlabObject its ? new(address - its.Address) : null, SlabReport.Of(slab, null));
    }
}
