using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Cli;

/// <summary>Standard output and standard error as the system has them. .NET's own streams hide that a reader has gone, and throw what nobody catches.</summary>
internal static unsafe partial class Descriptor
{
    /// <summary>Standard output.</summary>
    public const int Output = 1;

    /// <summary>Standard error.</summary>
    public const int Error = 2;

    /// <summary>EPIPE: the reader has gone.</summary>
    public const int BrokenPipe = 32;

    private const int Input = 0;
    private const int BadDescriptor = 9; // EBADF
    private const int Interrupted = 4; // EINTR
    private const int TryAgain = 11; // EAGAIN
    private const int GetFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC

    private static readonly bool[] Closed = new bool[Error + 1];

    /// <summary>
    /// Notes which of the three standard descriptors we were started without, and takes their numbers, so that no file that is opened later gets what is
    /// written for people. To be called before anything is opened.
    /// </summary>
    public static void Hold()
    {
        for (int descriptor = 0; descriptor <= Error; descriptor++)
        {
            // What a program is started with never has this flag; what the runtime has opened meanwhile has.
            int flags = Control(descriptor, GetFlags, 0);
            Closed[descriptor] = flags < 0 || (flags & CloseOnExec) != 0;
            if (flags < 0)
            {
                _ = Open("/dev/null", 0); // The lowest free number: this one.
            }
        }
    }

    /// <summary>
    /// Standard input and output for one who speaks a protocol on them: nothing else that the program reads or writes reaches them from now on. Standard
    /// input is empty, and what goes to standard output stands on standard error.
    /// </summary>
    public static (Stream Input, Stream Output) Take()
    {
        // Streams of the console have descriptors of their own.
        Stream input = Console.OpenStandardInput();
        Stream output = Console.OpenStandardOutput();
        using SafeFileHandle nothing = new(Open("/dev/null", 0), ownsHandle: true);
        _ = Duplicate((int)nothing.DangerousGetHandle(), Input);
        _ = Duplicate(Error, Output);
        return (input, output);
    }

    /// <summary>Writes all bytes.</summary>
    /// <returns>0, or the system's number for why not.</returns>
    public static int Write(int descriptor, ReadOnlySpan<byte> buffer)
    {
        if (Closed[descriptor])
        {
            return BadDescriptor;
        }

        fixed (byte* bytes = buffer)
        {
            for (int written = 0; written < buffer.Length;)
            {
                nint now = WriteSome(descriptor, bytes + written, (nuint)(buffer.Length - written));
                if (now >= 0)
                {
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
                    case int code:
                        return code;
                }
            }
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteSome(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int number);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
