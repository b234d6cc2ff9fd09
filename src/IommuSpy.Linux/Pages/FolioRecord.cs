namespace IommuSpy.Linux.Pages;

/// <summary>A page and all that belong to it: a single page, or a compound page from its head on.</summary>
/// <param name="Head">The first page.</param>
/// <param name="IsCompound">Whether it is a compound page.</param>
/// <param name="Order">log2 of its pages.</param>
/// <param name="IsHugetlb">Whether it is hugetlbfs's.</param>
/// <param name="EntireMapCount">How often it is mapped as a whole; 0 for a single page.</param>
/// <param name="LargeFlags">The flags word of the first tail; 0 for a single page.</param>
/// <param name="IsMapped">Whether a user maps any of it.</param>
public readonly record struct FolioRecord(PageRecord Head, bool IsCompound, int Order, bool IsHugetlb, int EntireMapCount, ulong LargeFlags, bool IsMapped);
