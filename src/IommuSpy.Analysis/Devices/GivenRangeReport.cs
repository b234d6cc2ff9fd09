using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Devices;

/// <summary>A run of memory that a process gave to its devices by VFIO. Null is a stated absence.</summary>
/// <param name="Iova">Where it begins for the devices.</param>
/// <param name="Bytes">How long it is: whole pages.</param>
/// <param name="Rights">What devices may do there: "rw", "r", "w".</param>
/// <param name="Pid">The process; null where it is gone.</param>
/// <param name="Comm">The process's name.</param>
/// <param name="Virtual">Where it begins in the process.</param>
/// <param name="Machine">The virtual machine that has it as its memory: "guest[141]"; null for none.</param>
/// <param name="GuestPhysical">Where it begins for that machine.</param>
/// <param name="PinnedPages">How many pages of 4 KiB the IOMMU maps of it; null where no tables translate for the device.</param>
public sealed record GivenRangeReport(
    IoVirtualAddress Iova, ulong Bytes, string Rights, int? Pid, string? Comm, VirtualAddress Virtual, string? Machine, PhysicalAddress? GuestPhysical,
    ulong? PinnedPages)
{
    /// <summary>Describes a range.</summary>
    /// <param name="device">One of the devices.</param>
    /// <param name="range">The range.</param>
    internal static GivenRangeReport Of(MachineDevice device, GivenRange range) => new(
        range.Iova, range.Bytes,
        DeviceRights.Letters((range.Readable ? AccessRights.Read : AccessRights.None) | (range.Writable ? AccessRights.Write : AccessRights.None)),
        range.Process?.Pid, range.Process?.Comm, range.Virtual, range.Guest?.ToString(), range.GuestPhysical,
        device.Context?.Space is { } space ? Dma.PinnedPages.CountOf(space, range) : null);
}
