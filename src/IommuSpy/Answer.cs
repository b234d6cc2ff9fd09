using IommuSpy.Analysis.Types;
using IommuSpy.Catalogue;
using IommuSpy.Linux;
using IommuSpy.Linux.Running;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy;

/// <summary>Asks the rooms below, and tells what they fail with in the library's own exceptions.</summary>
internal static class Answer
{
    /// <summary>The answer to a question.</summary>
    /// <exception cref="NoAnswerException">There is none here.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    /// <exception cref="ArgumentException">The question makes no sense.</exception>
    public static T Of<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception failure) when (Translated(failure) is not null)
        {
            throw Translated(failure)!;
        }
    }

    private static Exception? Translated(Exception failure) => failure switch
    {
        // What work on several cores at once failed with.
        AggregateException { InnerException: Exception one } => Translated(one) ?? one,
        MissingTypeException or ExpressionException or LinuxDiscoveryException or RunningProcessException => new NoAnswerException(failure.Message, failure),
        MemoryImageException => new SourceException(failure.Message, failure),
        IOException or UnauthorizedAccessException => new SourceException(FileProblem.Of(failure), failure),
#pragma warning disable MA0015 // The message says which part of the question it is.
        QuestionException => new ArgumentException(failure.Message, failure),
#pragma warning restore MA0015
        _ => null,
    };
}
