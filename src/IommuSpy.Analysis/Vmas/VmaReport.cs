using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Vmas;

/// <summary>A run of a process's addresses that is mapped alike. Null is a stated absence.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">The address after its last.</param>
/// <param name="Rights">As /proc/PID/maps prints them: "rw-p"; null where nothing describes them.</param>
/// <param name="Offset">Of a mapped file, where in it the area begins, in bytes; 0 for others.</param>
/// <param name="Dev">The file system's device as /proc/PID/maps prints it: "103:01"; "00:00" without a file.</param>
/// <param name="Inode">The file's inode; 0 without a file.</param>
/// <param name="Path">The file's path, or what the kernel calls the area: "[heap]"; null for none.</param>
/// <param name="ResidentBytes">Bytes in memory, by the page tables; pages of hugetlbfs are only among the huge ones, as /proc/PID/smaps has it.</param>
/// <param name="SwappedBytes">Bytes on swap devices, by the page tables.</param>
/// <param name="HugeBytes">Bytes in memory that pages larger than 4 KiB map.</param>
/// <param name="Vma">Where its vm_area_struct is.</param>
public sealed record VmaReport(
    VirtualAddress Start,
    VirtualAddress End,
    string? Rights,
    HexValue Offset,
    string? Dev,
    ulong? Inode,
    string? Path,
    ulong ResidentBytes,
    ulong SwappedBytes,
    ulong HugeBytes,
    VirtualAddress Vma)
{
    /// <summary>The area of a process that holds an address; null where none does.</summary>
    /// <exception cref="Linux.Types.MissingTypeException">This kernel's areas are not described.</exception>
    internal static VmaReport? At(Machine machine, KernelTask process, VirtualAddress address) =>
        machine.Parts.MemoryOf(process).Required.AreaAt(address) is MemoryArea area
            ? Of(area, process.Root is { } root ? AreaUsage.Of(machine.Kernel.Memory, machine.Space(root), area, machine.Parts.UserEntries) : default)
            : null;

    internal static VmaReport Of(MemoryArea area, AreaUsage usage) => new(
        area.Start, area.End, area.Rights, new(area.Offset), area.File is null ? "00:00" : area.File.DeviceText, area.File is null ? 0 : area.File.Inode,
        area.Name,
        usage.Resident, usage.Swapped, usage.Huge, area.Address);
}
