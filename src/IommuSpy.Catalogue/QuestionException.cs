namespace IommuSpy.Catalogue;

/// <summary>A question to a table that makes no sense: no such column, no such value. The message is one line.</summary>
internal sealed class QuestionException(string message) : Exception(message);
