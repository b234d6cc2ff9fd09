namespace IommuSpy.Memory;

/// <summary>
/// A source of memory cannot be read, or its contents are corrupt. The message is one line: which source, what is wrong, where, and what to do.
/// </summary>
public sealed class MemoryImageException : Exception
{
    /// <summary>An exception with no message: use the others.</summary>
    public MemoryImageException()
    {
    }

    /// <summary>An exception that says what is wrong.</summary>
    public MemoryImageException(string message)
        : base(message)
    {
    }

    /// <summary>An exception that says what is wrong, and what caused it.</summary>
    public MemoryImageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
