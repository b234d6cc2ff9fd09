using System.Buffers.Binary;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Running;

/// <summary>
/// The pages of this machine by /proc/kpageflags and /proc/kpagecount alone (Documentation/admin-guide/mm/pagemap.rst): with no kernel discovery, on any
/// kernel.
/// </summary>
public sealed class RunningPages : IDisposable
{
    private const int WordBytes = sizeof(ulong);
    private const int BatchWords = 8192;
    private const string FlagsFile = "proc/kpageflags";
    private const string CountsFile = "proc/kpagecount";

    private readonly SafeFileHandle _flags;
    private readonly SafeFileHandle? _counts;

    private RunningPages(SafeFileHandle flags, SafeFileHandle? counts)
    {
        _flags = flags;
        _counts = counts;
    }

    /// <summary>Opens the files of /proc that tell of pages.</summary>
    /// <exception cref="MemoryImageException">They may not be read: one line, and what would help.</exception>
    public static RunningPages Open(RunningFiles files)
    {
        string path = files.PathOf(FlagsFile);
        SafeFileHandle flags;
        try
        {
            flags = Opener.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException ? "this kernel has none (CONFIG_PROC_PAGE_MONITOR)"
                : Privileges.Of(files).IsRoot ? FileProblem.Of(e) : "only root may read it: use sudo";
            throw new MemoryImageException($"{path}: {reason}", e);
        }

        try
        {
            return new(flags, Opener.Read(files.PathOf(CountsFile)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(flags, null);
        }
    }

    /// <summary>
    /// Hands each page frame to <paramref name="receive"/>, in order, with its flags and how many times it is mapped (null where the kernel does not tell).
    /// </summary>
    /// <param name="first">First page frame.</param>
    /// <param name="last">Last page frame, inclusive.</param>
    /// <param name="receive">Told of each; those without memory behind them (nopage) are passed over.</param>
    public void Visit(PageFrame first, PageFrame last, Action<PageFrame, StablePageFlags, ulong?> receive)
    {
        byte[] flags = new byte[BatchWords * WordBytes];
        byte[] counts = new byte[BatchWords * WordBytes];
        for (ulong at = first.Number; at <= last.Number;)
        {
            int want = (int)Math.Min(BatchWords, last.Number - at + 1) * WordBytes;
            int got = Read(_flags, flags.AsSpan(0, want), at);
            int counted = _counts is null ? 0 : Read(_counts, counts.AsSpan(0, got), at);
            for (int i = 0; i < got; i += WordBytes)
            {
                StablePageFlags word = (StablePageFlags)BinaryPrimitives.ReadUInt64LittleEndian(flags.AsSpan(i));
                if (word != StablePageFlags.Nopage)
                {
                    receive(new(at + (ulong)(i / WordBytes)), word,
                        i + WordBytes <= counted ? BinaryPrimitives.ReadUInt64LittleEndian(counts.AsSpan(i)) : null);
                }
            }

            if (got < want)
            {
                break;
            }

            at += (ulong)(got / WordBytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _flags.Dispose();
        _counts?.Dispose();
    }

    private static int Read(SafeFileHandle file, Span<byte> words, ulong frame)
    {
        try
        {
            return frame > long.MaxValue / WordBytes ? 0 : RandomAccess.Read(file, words, (long)frame * WordBytes) / WordBytes * WordBytes;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
