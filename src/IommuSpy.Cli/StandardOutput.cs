using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli;

/// <summary>
/// Descriptor 1, written with write(2): a FileStream keeps a position of its own, which is wrong where several programs write into one file. What a person
/// reads on a terminal goes through a pager, which the first bytes start.
/// </summary>
/// <param name="isImage">Whether half of it is worth nothing: then that nobody reads it is a failure.</param>
internal sealed class StandardOutput(bool isImage = false) : WriteOnlyStream
{
    private static Stream? _file;
    private static bool _isInLine;

    /// <summary>Whether anything was written to it yet.</summary>
    public static bool HasBegun { get; private set; }

    /// <summary>Whether a pager has it.</summary>
    public static bool HasPager { get; private set; }

    /// <summary>Whether it goes into a file or a program instead of to where the program's own standard output does.</summary>
    public static bool IsElsewhere { get; private set; }

    /// <summary>Begins the answer to another question of a session.</summary>
    /// <param name="file">The file that it goes into; null for none.</param>
    /// <param name="command">The program that reads it, as the shell runs it; null for none.</param>
    public static void Begin(Stream? file = null, string? command = null)
    {
        _file = file;
        IsElsewhere = file is not null || command is not null;
        HasBegun = false;
        HasPager = command is not null;
        Pager.Begin(command);
    }

    /// <summary>Ends a line that was given up in its middle, where a person sees it.</summary>
    public static void EndLine()
    {
        if (_isInLine && !Console.IsOutputRedirected)
        {
            _ = Descriptor.Write(Descriptor.Output, "\n"u8);
        }

        _isInLine = false;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (WorkBudget.OfProcess.IsStopped)
        {
            throw new OutputException("the question was given up", isClosed: true);
        }

        if (_file is not null)
        {
            HasBegun = true;
            _file.Write(buffer);
            return;
        }

        if (!HasBegun && !HasPager && Display.Pages)
        {
            HasPager = Pager.TryStart();
        }

        if (HasPager)
        {
            HasBegun = true;
            if (!Pager.TryWrite(buffer))
            {
                throw new OutputException("nobody reads it any more", isClosed: true);
            }

            return;
        }

        int code = Descriptor.Write(Descriptor.Output, buffer);
        if (code != 0)
        {
            throw code == Descriptor.BrokenPipe
                ? new OutputException("nobody reads it any more", isClosed: !isImage)
                : new OutputException(FileProblem.Of(new IOException(null, code)), isClosed: false);
        }

        HasBegun = true;
        if (!buffer.IsEmpty)
        {
            _isInLine = buffer[^1] != '\n';
        }
    }
}
