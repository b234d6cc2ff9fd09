namespace IommuSpy.Cli;

/// <summary>In which form an answer is written that is no table.</summary>
internal enum AnswerForm
{
    /// <summary>Text for people.</summary>
    Text,

    /// <summary>One JSON document.</summary>
    Json,

    /// <summary>JSON Lines: an answer a line.</summary>
    JsonLines,
}
