namespace IommuSpy.Linux.Types;

/// <summary>This kernel, or what describes its types, lacks a type or a field without which a question has no answer. The message is one line.</summary>
public sealed class MissingTypeException : Exception
{
    /// <summary>An exception with no message: use the others.</summary>
    public MissingTypeException()
    {
    }

    /// <summary>An exception that says what is missing.</summary>
    public MissingTypeException(string message)
        : base(message)
    {
    }

    /// <summary>An exception that says what is missing, and what caused it.</summary>
    public MissingTypeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
