using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli;

/// <summary>
/// Descriptor 1, written with write(2). .NET's own stream hides that the reader has gone, so that a command would go on for nobody; a FileStream keeps a
/// position of its own, which is wrong where several programs write into one file. What a person reads on a terminal goes through a pager, which the first
/// bytes start.
/// </summary>
/// <param name="isBeside">Whether it is for what is said beside the answer: then that nobody reads it is no failure.</param>
/// <param name="isImage">Whether half of it is worth nothing: then that nobody reads it is a failure.</param>
internal sealed unsafe partial class StandardOutput(bool isBeside = false, bool isImage = false) : WriteOnlyStream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4; // EINTR
    private const int TryAgain = 11; // EAGAIN
    private const int BrokenPipe = 32; // EPIPE

    private static bool _hasPager;

    /// <summary>Whether anything was written to it yet.</summary>
    public static bool HasBegun { get; private set; }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!HasBegun && Display.Pages)
        {
            _hasPager = Pager.TryStart();
        }

        if (_hasPager)
        {
            HasBegun = true;
            if (!Pager.TryWrite(buffer) && !isBeside)
            {
                throw new OutputException("nobody reads it any more", isClosed: true);
            }

            return;
        }

        fixed (byte* bytes = buffer)
        {
            for (int written = 0; written < buffer.Length;)
            {
                nint now = WriteSome(Descriptor, bytes + written, (nuint)(buffer.Length - written));
                if (now >= 0)
                {
                    HasBegun = true;
                    written += (int)now;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case TryAgain:
                        Thread.Sleep(1);
                        break;
                    case BrokenPipe:
                        throw new OutputException("nobody reads it any more", isClosed: !isImage);
                    case int code:
                        throw new OutputException(FileProblem.Of(new IOException(null, code)), isClosed: false);
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteSome(int descriptor, byte* buffer, nuint count);
}
