namespace IommuSpy.Catalogue;

/// <summary>Writes rows as they come. Disposing it writes what is left.</summary>
internal abstract class RowWriter<TRow> : IDisposable
{
    /// <summary>The next row.</summary>
    public abstract void Add(TRow row);

    /// <summary>Hands on every row that was added: whoever reads them may be waiting for the last.</summary>
    public virtual void Flush()
    {
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}
