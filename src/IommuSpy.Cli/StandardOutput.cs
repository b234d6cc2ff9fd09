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
    /// <summary>Whether anything was written to it yet.</summary>
    public static bool HasBegun { get; private set; }

    /// <summary>Whether a pager has it.</summary>
    public static bool HasPager { get; private set; }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!HasBegun && Display.Pages)
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
    }
}
