namespace IommuSpy.Catalogue;

/// <summary>
/// Writes rows as they come. An answer that ends early is disposed without having been completed: its rows are written, but nothing that says that
/// they are all, and of an answer without rows nothing at all.
/// </summary>
internal abstract class RowWriter<TRow> : IDisposable
{
    /// <summary>The next row.</summary>
    public abstract void Add(TRow row);

    /// <summary>Hands on every row that was added: whoever reads them may be waiting for the last.</summary>
    public virtual void Flush()
    {
    }

    /// <summary>There are no more rows: writes what stands below them.</summary>
    public virtual void Complete()
    {
    }

    /// <summary>Writes the rows that are left.</summary>
    public abstract void Dispose();
}
