using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IommuSpy.Cli;

/// <summary>Standard output, buffered: an answer can be hundreds of thousands of lines.</summary>
internal static class Output
{
    private const int BufferBytes = 1 << 16;

    /// <summary>A writer of text for people. Dispose it to write out what is buffered.</summary>
    public static LineWriter Text() => new(Lines());

    /// <summary>A writer of text that is all our own: help, scripts, a screen that is drawn anew. Nothing foreign may be in it but what was escaped.</summary>
    public static StreamWriter OwnText() => new(Lines(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferBytes) { NewLine = "\n" };

    /// <summary>A writer of text for people beside the answer: on standard error, at once.</summary>
    public static LineWriter Beside() => new(new StandardError()) { AutoFlush = true };

    /// <summary>A stream of bytes. Dispose it to write out what is buffered.</summary>
    public static Stream Bytes() => new BufferedStream(new StandardOutput(), BufferBytes);

    /// <summary>The same for an image of memory: one that is not written whole is none, so that a reader who goes away is a failure.</summary>
    public static Stream Image()
    {
        Display.WithoutPager();
        return new BufferedStream(new StandardOutput(isImage: true), BufferBytes);
    }

    /// <summary>Writes a document whose form others have laid down, with nothing of ours around it.</summary>
    public static void Json<T>(T document, JsonTypeInfo<T> type)
    {
        using Stream output = Bytes();
        JsonSerializer.Serialize(output, document, type);
        output.WriteByte((byte)'\n');
    }

    /// <summary>Says on standard error, a line each, what an answer lacks or what contradicts itself in it.</summary>
    public static void Problems(IEnumerable<string> problems)
    {
        foreach (string problem in problems)
        {
            Problem(problem);
        }
    }

    /// <summary>The same of one.</summary>
    public static void Problem(string problem) => Display.Tell(CommandRunner.Name, problem);

    private static Stream Lines() => Display.Width is int width ? new FoldedLines(new StandardOutput(), width) : new StandardOutput();
}
