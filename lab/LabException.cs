namespace IommuSpy.Lab;

/// <summary>The lab could not do its work; the message says what failed and what to do, ready to be shown.</summary>
public sealed class LabException : Exception
{
    public LabException(string message)
        : base(message)
    {
    }

    public LabException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public LabException()
    {
    }
}
