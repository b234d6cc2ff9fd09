using IommuSpy.Memory;

namespace IommuSpy.Linux.Paging;

/// <summary>
/// Receives the page-table entries that decide about a range of addresses, present or not, in address order. A struct, so that the walk inlines it.
/// </summary>
public interface IEntryVisitor
{
    /// <param name="first">First address of the range that the entry decides about.</param>
    /// <param name="pages">How many pages of 4 KiB of the range it decides about.</param>
    /// <param name="level">Its level: 1 is a PTE. Above 1 it is a large page, or holds no table.</param>
    /// <param name="table">The table that holds the entry.</param>
    /// <param name="entry">The entry as it stands in memory; 0 too where the table that would hold it is not in the image.</param>
    void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry);
}
