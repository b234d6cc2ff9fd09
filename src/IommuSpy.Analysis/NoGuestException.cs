namespace IommuSpy.Analysis;

/// <summary>There is no such virtual machine. The message is one line for people.</summary>
/// <param name="message">What there is instead.</param>
public sealed class NoGuestException(string message) : Exception(message);
