namespace IommuSpy.Linux.Pages;

/// <summary>A swap device or file (struct swap_info_struct): a line of /proc/swaps.</summary>
/// <param name="Type">Its number in swap entries.</param>
/// <param name="Name">Its path from the root of its file system: a partition's in devtmpfs; null where that cannot be read.</param>
/// <param name="IsFile">Whether it is a file rather than a device.</param>
/// <param name="Pages">Pages that it can hold.</param>
/// <param name="Used">Pages that it holds; null where this kernel does not say.</param>
/// <param name="Priority">Which is filled first: the highest.</param>
public sealed record SwapDevice(int Type, string? Name, bool IsFile, ulong Pages, ulong? Used, int Priority);
