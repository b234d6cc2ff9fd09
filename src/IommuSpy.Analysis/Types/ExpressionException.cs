namespace IommuSpy.Analysis.Types;

/// <summary>The text of an expression is wrong, or memory does not lead on. The message is one line for people.</summary>
/// <param name="message">Where it ends, and why.</param>
/// <param name="isBadText">Whether the text is wrong or says too little; otherwise a pointer is null or memory cannot be read.</param>
public sealed class ExpressionException(string message, bool isBadText = false) : Exception(message)
{
    /// <summary>Whether the text is wrong or says too little; otherwise a pointer is null or memory cannot be read.</summary>
    public bool IsBadText { get; } = isBadText;
}
