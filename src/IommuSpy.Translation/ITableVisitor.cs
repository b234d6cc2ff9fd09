using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>Receives the tables under a root, parents before children, in address order. A struct, so that the walk inlines it.</summary>
public interface ITableVisitor
{
    /// <param name="address">First address that the table translates, not sign-extended.</param>
    /// <param name="level">Level of the table: its entries are of this level, 1 for the last.</param>
    /// <param name="table">Where it is.</param>
    void Table(ulong address, int level, PhysicalAddress table);
}
