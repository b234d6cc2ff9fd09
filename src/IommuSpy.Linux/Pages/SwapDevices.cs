using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>The swap devices that are in use, by the number that swap entries have (mm/swapfile.c, swap_info).</summary>
public static class SwapDevices
{
    // MAX_SWAPFILES_SHIFT: five bits of a swap entry.
    private const int MostDevices = 32;
    private const ulong Used = 1;
    private const ulong DirectoryOrFileMask = 0xf000;
    private const ulong RegularFile = 0x8000;

    /// <summary>Reads them; an empty list where this kernel does not tell.</summary>
    public static IReadOnlyList<SwapDevice> Read(KernelObjects objects, PageFiles files)
    {
        if (objects.Variable("swap_info") is not VirtualAddress array || objects.Types.FindStruct("swap_info_struct") is not StructType type)
        {
            return [];
        }

        ulong count = objects.Variable("nr_swapfiles") is VirtualAddress variable ? Math.Min(objects.Number(variable, sizeof(uint)) ?? 0, MostDevices)
            : MostDevices;
        Field? flags = type.Find("flags");
        Field? pages = type.Find("pages");
        Field? used = type.Find("inuse_pages");
        Field? priority = type.Find("prio");
        Field? file = type.Find("swap_file");
        Field? dentry = objects.Types.FindField("file", "f_path.dentry");
        Field? inode = objects.Types.FindField("dentry", "d_inode");
        Field? mode = objects.Types.FindField("inode", "i_mode");
        List<SwapDevice> found = [];
        for (ulong i = 0; i < count; i++)
        {
            if (objects.Pointer(array + (i * sizeof(ulong))) is not VirtualAddress device || ((objects.Read(device, flags) ?? 0) & Used) == 0)
            {
                continue;
            }

            VirtualAddress? entry = objects.Pointer(device, file) is VirtualAddress open ? objects.Pointer(open, dentry) : null;
            ulong? kind = entry is VirtualAddress its && objects.Pointer(its, inode) is VirtualAddress node ? objects.Read(node, mode) & DirectoryOrFileMask
                : null;

            // The count of used pages shares its word with a flag since 6.13 (SWAP_USAGE_OFFLIST_BIT).
            ulong? inUse = objects.Read(device, used) is ulong word ? word & 0x3fff_ffff_ffff_ffff : null;
            found.Add(new((int)i, entry is VirtualAddress at ? files.PathOfEntry(at) : null, kind == RegularFile, objects.Read(device, pages) ?? 0, inUse,
                (int)(objects.Read(device, priority) ?? 0)));
        }

        return found;
    }
}
