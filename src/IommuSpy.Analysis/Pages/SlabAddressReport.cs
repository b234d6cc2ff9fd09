using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>What an address in a slab is.</summary>
/// <param name="Virtual">The address, in the direct map.</param>
/// <param name="Cache">The name of its cache.</param>
/// <param name="Object">The object that holds it; null between objects and behind the last.</param>
/// <param name="Offset">Bytes from that object's beginning.</param>
/// <param name="Slab">The slab.</param>
public sealed record SlabAddressReport(VirtualAddress Virtual, string Cache, SlabObjectReport? Object, HexValue? Offset, SlabReport Slab)
{
    /// <summary>Asks a machine; null where the address is in no slab.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="physical">The physical address.</param>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes the slab allocator.</exception>
    public static SlabAddressReport? Of(Machine machine, PhysicalAddress physical)
    {
        _ = machine.Parts.Pages.Required;
        if (machine.Parts.Slabs.Required.SlabOf(physical.Frame) is not SlabPages slab)
        {
            return null;
        }

        VirtualAddress address = slab.Start + (physical.Value - slab.Head.Address.Value);
        SlabObject? holder = slab.ObjectAt(address) is SlabObject item && address - item.Address < slab.Cache.ObjectSize ? item : null;
        return holder is SlabObject its
            ? new(address, slab.Cache.Name, SlabObjectReport.Of(its), new(address - its.Address), SlabReport.Of(slab, null))
            : new(address, slab.Cache.Name, null, null, SlabReport.Of(slab, null));
    }
}
