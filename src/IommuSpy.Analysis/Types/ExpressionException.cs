namespace IommuSpy.Analysis.Types;

/// <summary>An expression leads to nothing. The message is one line for people.</summary>
/// <param name="message">Where it ends, and why.</param>
/// <param name="isBadText">Whether the text is wrong or says too little; otherwise this machine has no answer to it.</param>
public sealed class ExpressionException(string message, bool isBadText = false) : Exception(message)
{
    /// <summary>Whether the text is wrong or says too little; otherwise this machine has no answer to it.</summary>
    public bool IsBadText { get; } = isBadText;
}
