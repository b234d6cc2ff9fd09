using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>
/// The one place where this program opens files. What was opened is asked what it is (fstat), so that no other file can take its place meanwhile; opening never
/// waits for a FIFO's other end; no program that is started inherits a descriptor; and what is written is never written through a link.
/// </summary>
public static unsafe partial class Opener
{
    private const int WriteOnly = 1;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int Truncate = 0x200;
    private const int NonBlocking = 0x800;
    private const int Synchronous = 0x101000;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;

    // O_NOFOLLOW is one of the few flags that architectures number differently (arch/arm64/include/uapi/asm/fcntl.h).
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    private const int OwnerAlone = 0x180; // 0600
    private const int PieceBytes = 64 << 10;

    /// <summary>Opens a regular file for reading; of /proc and /sys too, whose files are regular ones to fstat.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <exception cref="UnfitFileException">It is no regular file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle Read(string path) => Regular(path, 0);

    /// <summary>A regular file as a stream without a buffer.</summary>
    /// <inheritdoc cref="Read"/>
    public static FileStream ReadStream(string path) => new(Read(path), FileAccess.Read, bufferSize: 0);

    /// <summary>Reads a whole file that stands beside an image, or describes something.</summary>
    /// <param name="path">The file; links are followed.</param>
    /// <param name="most">Bytes that it may have. No more are read, whatever it says of itself.</param>
    /// <exception cref="UnfitFileException">It is no regular file, or is larger.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAll(string path, long most)
    {
        using SafeFileHandle file = Read(path);
        using MemoryStream bytes = new();
        byte[] piece = new byte[PieceBytes];
        for (int read = RandomAccess.Read(file, piece, 0); read > 0; read = RandomAccess.Read(file, piece, bytes.Length))
        {
            if (bytes.Length + read > most)
            {
                throw new UnfitFileException($"is larger than the {Size.Text((ulong)most)} that such a file may have");
            }

            bytes.Write(piece, 0, read);
        }

        return bytes.ToArray();
    }

    /// <summary>Opens a regular file that is there for writing. It keeps what it has.</summary>
    /// <inheritdoc cref="Read"/>
    public static SafeFileHandle Write(string path) => Regular(path, WriteOnly | NoFollow);

    /// <summary>A new file for reading and writing, which only its owner can read.</summary>
    /// <exception cref="IOException">It cannot be made, or something has its name.</exception>
    internal static FileStream New(string path) => Writable(path, Create | Exclusive);

    /// <summary>A file for reading and writing that is emptied, or made where there is none.</summary>
    /// <exception cref="IOException">It cannot be made, or is no regular file.</exception>
    internal static FileStream Emptied(string path) => Writable(path, Create | Truncate);

    /// <summary>A file that is there, for reading and writing.</summary>
    /// <exception cref="IOException">It cannot be opened, or is no regular file.</exception>
    internal static FileStream Existing(string path) => Writable(path, 0);

    /// <summary>Opens a device, or what stands for one, without a look at what it is; null, and the error's number, where that fails.</summary>
    /// <param name="path">The device.</param>
    /// <param name="writable">For writing too.</param>
    /// <param name="uncached">O_SYNC: /dev/mem then maps without caching (drivers/char/mem.c, phys_mem_access_prot).</param>
    /// <param name="error">The error's number; 0 where there is none.</param>
    internal static SafeFileHandle? Device(string path, bool writable, bool uncached, out int error)
    {
        int descriptor = OpenFile(path, (writable ? ReadWrite : 0) | (uncached ? Synchronous : 0) | NonBlocking | CloseOnExec, 0);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    /// <summary>Opens what is read as it comes, without waiting: trace_pipe; null where that fails.</summary>
    public static SafeFileHandle? Pipe(string path) => Device(path, writable: false, uncached: false, out _);

    /// <summary>A file or folder as a place, of which nothing is read or written (O_PATH); null where there is none.</summary>
    /// <param name="path">The file or folder; links are followed.</param>
    public static SafeFileHandle? Place(string path)
    {
        int descriptor = OpenFile(path, PathOnly | CloseOnExec, 0);
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    private static FileStream Writable(string path, int flags) => new(Regular(path, ReadWrite | NoFollow | flags), FileAccess.ReadWrite, bufferSize: 0);

    private static SafeFileHandle Regular(string path, int flags)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int descriptor = path.Contains('\0') ? throw new ArgumentException("a name holds no zero byte", nameof(path))
            : OpenFile(path, flags | NonBlocking | CloseOnExec, OwnerAlone);
        if (descriptor < 0)
        {
            throw Problem(Marshal.GetLastPInvokeError(), path);
        }

        SafeFileHandle file = new(descriptor, ownsHandle: true);
        if (FileKind.Of(file) is string kind)
        {
            file.Dispose();
            throw new UnfitFileException($"is {kind}");
        }

        return file;
    }

    private static Exception Problem(int error, string path)
    {
        const int NotPermitted = 1; // EPERM
        const int NoEntry = 2; // ENOENT
        const int NoDevice = 6; // ENXIO: a socket, or a FIFO that nobody reads
        const int AccessDenied = 13; // EACCES
        const int IsDirectory = 21; // EISDIR
        const int NameTooLong = 36; // ENAMETOOLONG
        const int Loop = 40; // ELOOP: also a link that is not followed
        string words = Marshal.GetPInvokeErrorMessage(error);
        return error switch
        {
            NoEntry when Path.GetDirectoryName(Path.GetFullPath(path)) is string directory && !Directory.Exists(directory) =>
                new DirectoryNotFoundException(words),
            NoEntry => new FileNotFoundException(words, path),
            NotPermitted or AccessDenied => new UnauthorizedAccessException(words),
            NameTooLong => new PathTooLongException(words),
            IsDirectory => new UnfitFileException("is a directory"),
            NoDevice when FileKind.Of(path) is string kind => new UnfitFileException($"is {kind}"),
            Loop when new FileInfo(path).LinkTarget is not null => new UnfitFileException("is a link, and nothing is written through one"),
            _ => new IOException(words, error),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);
}
