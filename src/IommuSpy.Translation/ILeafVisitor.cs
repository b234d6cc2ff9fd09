namespace IommuSpy.Translation;

/// <summary>Receives the leaves of a table in address order. A struct, so that the walk inlines it.</summary>
public interface ILeafVisitor
{
    /// <param name="address">First address that the leaf translates, not sign-extended.</param>
    /// <param name="level">Level of the entry: 1 is a 4 KiB page, 2 is 2 MiB, 3 is 1 GiB.</param>
    /// <param name="entry">The entry, with the walker's mask applied: without the C-bit.</param>
    /// <param name="grants">The AND over all levels of what the entries let through; <see cref="ITableFormat.Rights"/> reads it.</param>
    void Leaf(ulong address, int level, ulong entry, ulong grants);
}
