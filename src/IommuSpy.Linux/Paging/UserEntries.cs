namespace IommuSpy.Linux.Paging;

/// <summary>How one kernel writes the page-table entries of processes: hardware's bits, and its own. Safe to share between threads.</summary>
public abstract class UserEntries
{
    /// <summary>Reads an entry.</summary>
    /// <param name="entry">The entry as it stands in memory.</param>
    /// <param name="level">Its level: 1 is the last.</param>
    public abstract UserEntry Read(ulong entry, int level);

    /// <summary>Reads an entry that hardware does not use.</summary>
    /// <inheritdoc cref="Read"/>
    public abstract NonPresentEntry ReadNonPresent(ulong entry, int level);
}
