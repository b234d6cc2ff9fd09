using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Running;

/// <summary>Where an address of a process of this machine is in memory, by its /proc/PID/pagemap. Null is a stated absence.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Virtual">The address.</param>
/// <param name="Physical">Its physical address; null where it is not in memory, and where this user is not shown it.</param>
/// <param name="Present">Whether its page is in memory.</param>
/// <param name="SwapType">Of what is swapped out, the swap device's number.</param>
/// <param name="SwapOffset">Of what is swapped out, the page of the device.</param>
/// <param name="SoftDirty">Whether it counts as written since the marks were cleared.</param>
/// <param name="Exclusive">Whether nothing else maps it; null before 4.2.</param>
/// <param name="FileOrShared">Whether it is a file's or shared memory's.</param>
/// <param name="AreaStart">Start of the mapping that holds it; null where nothing is mapped.</param>
/// <param name="AreaEnd">The address after the mapping's last.</param>
/// <param name="Rights">The mapping's, as /proc/PID/maps prints them.</param>
/// <param name="Path">What is mapped there; null where it has no name.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
public sealed record ProcessAddressReport(
    int Pid,
    VirtualAddress Virtual,
    PhysicalAddress? Physical,
    bool Present,
    int? SwapType,
    ulong? SwapOffset,
    bool SoftDirty,
    bool? Exclusive,
    bool FileOrShared,
    VirtualAddress? AreaStart,
    VirtualAddress? AreaEnd,
    string? Rights,
    string? Path,
    string? Reason)
{
    /// <summary>Asks /proc.</summary>
    public static ProcessAddressReport Of(RunningProcess process, VirtualAddress address)
    {
        MemoryArea? area = process.AreaAt(address);
        PagemapPage page = area is null ? default : process.PageAt(address) ?? default;
        ulong within = address.Value & (PageFrame.Size - 1);
        string? reason = page switch
        {
            _ when area is null => "nothing is mapped there",
            { Physical: not null } => null,
            { Present: true } when !process.SeesFrames => "in memory; where is shown to CAP_SYS_ADMIN alone: use sudo",
            { Present: true } => "in memory, at physical 0",
            { SwapType: int type } => $"swapped out: device {type}, page 0x{page.SwapOffset:x} of it",
            { Guard: true } => "a guard page: whoever touches it is killed",
            _ => "mapped, and nothing was put there yet, or the page was dropped",
        };
        return new(
            process.Pid, address, page.Physical is PhysicalAddress start ? start + within : null, page.Present, page.SwapType, page.SwapOffset, page.SoftDirty,
            area is null ? null : page.Exclusive,
            page.FileOrShared == true, area?.Start, area?.End, area?.Rights, area?.Name, reason);
    }
}
