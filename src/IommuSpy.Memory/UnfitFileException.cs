namespace IommuSpy.Memory;

/// <summary>A path names something that is not read or written here: a FIFO, a device, a directory, a file that is too large. The message says which.</summary>
public sealed class UnfitFileException : IOException
{
    /// <summary>An exception with no message: use the others.</summary>
    public UnfitFileException()
    {
    }

    /// <summary>An exception that says what it is: "is a FIFO".</summary>
    public UnfitFileException(string message)
        : base(message)
    {
    }

    /// <summary>An exception that says what it is, and what caused it.</summary>
    public UnfitFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
