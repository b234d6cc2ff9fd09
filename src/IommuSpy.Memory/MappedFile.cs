using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>A regular file mapped read-only and whole. Nothing is read until it is touched.</summary>
/// <remarks>
/// Mapped, not read: a random 8-byte read costs about 20 ns through a mapping and 370 ns through pread. The price is that a file
/// which another process cuts short while it is mapped ends this process with SIGBUS.
/// </remarks>
public sealed unsafe class MappedFile : ImageFile
{
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pointer;
    private bool _disposed;

    private MappedFile(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        Length = (ulong)length;
        DataExtents = SparseFile.DataExtents(handle, length);
        _mapping = MemoryMappedFile.CreateFromFile(handle, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None,
            leaveOpen: false);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override ulong Length { get; }

    /// <summary>The parts of the file that the file system stores, in order; between them it holds zeros (holes). One extent where that is not known.</summary>
    public override IReadOnlyList<FileExtent> DataExtents { get; }

    internal byte* Pointer => _pointer;

    /// <summary>Opens and maps a file.</summary>
    /// <exception cref="MemoryImageException">It cannot be opened, is not a regular file, or is empty.</exception>
    public static MappedFile Open(string path) => Open(path, path);

    /// <summary>Opens and maps a file that stands for another: the unpacked copy of a container.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shownAs">What users know it by.</param>
    /// <exception cref="MemoryImageException">It cannot be opened, is not a regular file, or is empty.</exception>
    internal static MappedFile Open(string path, string shownAs)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = Opener.Read(path);
            long length = RandomAccess.GetLength(handle);
            if (length == 0)
            {
                throw new MemoryImageException($"{shownAs}: is empty");
            }

            return new(shownAs, handle, length);
        }
        catch (UnfitFileException e)
        {
            throw new MemoryImageException($"{shownAs}: {e.Message}; name a regular file that holds a memory image", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            handle?.Dispose();
            throw new MemoryImageException($"{shownAs}: {FileProblem.Of(e, path)}", e);
        }
        catch (MemoryImageException)
        {
            handle?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override int Read(ulong offset, Span<byte> destination)
    {
        int length = offset < Length ? (int)Math.Min((ulong)destination.Length, Length - offset) : 0;
        new ReadOnlySpan<byte>(_pointer + offset, length).CopyTo(destination);
        return length;
    }

    /// <inheritdoc/>
    public override bool TryGetSpan(ulong offset, int length, out ReadOnlySpan<byte> bytes)
    {
        bool holds = Holds(offset, (ulong)length);
        bytes = holds ? new(_pointer + offset, length) : default;
        return holds;
    }

    /// <inheritdoc/>
    public override MemorySegment SegmentAt(PhysicalAddress address, ulong offset, ulong length) => MemorySegment.InFile(address, this, offset, length);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_disposed || !disposing)
        {
            return;
        }

        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }
}
