namespace IommuSpy.Cli;

/// <summary>The question has no answer in this image. The message is one line.</summary>
internal sealed class NoAnswerException(string message) : Exception(message);
