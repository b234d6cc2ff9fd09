using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Dma;

/// <summary>A run of memory that a process gave to its devices by VFIO.</summary>
/// <param name="Iova">Where it begins for the devices.</param>
/// <param name="Bytes">How long it is: whole pages.</param>
/// <param name="Readable">Whether devices may read it.</param>
/// <param name="Writable">Whether they may write it.</param>
/// <param name="Virtual">Where it begins in the process.</param>
/// <param name="Process">The process; null where it is gone.</param>
/// <param name="Guest">The virtual machine that has it as its memory; null for none.</param>
/// <param name="GuestPhysical">Where it begins for that machine.</param>
internal sealed record GivenRange(
    IoVirtualAddress Iova, ulong Bytes, bool Readable, bool Writable, VirtualAddress Virtual, KernelTask? Process, VirtualMachine? Guest,
    PhysicalAddress? GuestPhysical)
{
    /// <summary>The rest of it, from one of its addresses on.</summary>
    /// <param name="address">An address of the devices that it holds.</param>
    public GivenRange From(IoVirtualAddress address)
    {
        ulong before = (address.Value - Iova.Value) & ~(ulong)(PageFrame.Size - 1);
        return this with { Iova = Iova + before, Bytes = Bytes - before, Virtual = Virtual + before, GuestPhysical = GuestPhysical + before };
    }
}
