using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace IommuSpy.Memory;

/// <summary>Why a file cannot be used, in the system's own words: .NET's messages name its parameters and repeat the path.</summary>
public static class FileProblem
{
    // Exceptions that come from a failed system call carry its errno there; .NET's own codes are negative.
    private const int MostErrno = 4095;

    /// <summary>The reason, in a few words with no full stop: "no such file", "is a directory", "no space left on device".</summary>
    /// <param name="problem">What opening, reading or writing ended with.</param>
    /// <param name="path">The file, where it is known: a directory is told from a refusal by it.</param>
    public static string Of(Exception problem, string? path = null) => problem switch
    {
        UnfitFileException => problem.Message,
        _ when path is { Length: > 0 } && Directory.Exists(path) => "is a directory",
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied",
        PathTooLongException => "the name is too long",
        EndOfStreamException => "it ends too early",
        SocketException { NativeErrorCode: int code } => System(code),
        IOException { HResult: > 0 and <= MostErrno } => System(problem.HResult),
        _ when problem.InnerException is Exception inner => Of(inner),
        ArgumentException => "this is no name of a file",
        InvalidDataException or IndexOutOfRangeException or OverflowException => "its bytes contradict each other",
        NotSupportedException => "this is not supported",
        _ => "it cannot be read or written",
    };

    private static string System(int code)
    {
        string words = Marshal.GetPInvokeErrorMessage(code).TrimEnd('.');
        return words.Length > 1 && char.IsLower(words[1]) ? char.ToLowerInvariant(words[0]) + words[1..] : words;
    }
}
