using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Writing;

/// <summary>
/// An image that grows in order, in "PATH.partial" (0600), beside "PATH.journal", which says how far it is. What was interrupted goes on from there: a writer
/// runs again from the beginning, and what the file has of it already is neither read from memory nor written again. Every byte is hashed.
/// </summary>
internal sealed class ResumableFile : IImageOutput, IDisposable
{
    // What was written since the last journal has to be read again after a crash: so much, and what comes while the disk is slower than memory.
    private const ulong JournalBytes = 64 << 20;
    private const int PieceBytes = 1 << 20;

    private readonly string _path;
    // A journal has three values.
    private const long MostJournalBytes = 64 << 10;

    private readonly FileStream _stream;
    private readonly FileOutput _file;
    private readonly HashThread _hash = new();
    private readonly string _identity;
    private ulong _hashed;
    private ulong _journaled;
    private ulong _takenBytes;
    private ulong _takenMemory;
    private Task _journaling = Task.CompletedTask;
    private bool _isWhole;

    private ResumableFile(string path, FileStream stream, string identity)
    {
        _path = path;
        _stream = stream;
        _file = new(stream.SafeFileHandle);
        _identity = identity;
    }

    /// <inheritdoc/>
    public ulong BytesWritten => _hashed;

    /// <summary>Bytes that stood in the file before.</summary>
    internal ulong Kept { get; private init; }

    /// <summary>Bytes of memory that they hold.</summary>
    internal ulong KeptMemory { get; private init; }

    /// <summary>The file as it grows.</summary>
    internal static string PartialOf(string path) => path + ".partial";

    /// <summary>What says how far it is.</summary>
    internal static string JournalOf(string path) => path + ".journal";

    private SafeFileHandle Handle => _stream.SafeFileHandle;

    /// <summary>Begins a file.</summary>
    /// <param name="path">What it is called when it is whole.</param>
    /// <param name="identity">What has to be the same to go on with it: format, boot, ranges.</param>
    internal static ResumableFile Begin(string path, string identity)
    {
        File.Delete(JournalOf(path));
        File.Delete(PartialOf(path));
        return new(path, Opener.New(PartialOf(path)), identity);
    }

    /// <summary>Goes on with a file that was begun before.</summary>
    /// <exception cref="MemoryImageException">There is none, or it is of another machine, boot or format.</exception>
    internal static ResumableFile Resume(string path, string identity)
    {
        (string Identity, ulong Bytes, ulong Memory) journal = ReadJournal(path);
        if (!string.Equals(journal.Identity, identity, StringComparison.Ordinal))
        {
            throw new MemoryImageException($"{PartialOf(path)}: was begun of other memory (another boot, format or memory map): begin again without --resume");
        }

        FileStream stream = Opener.Existing(PartialOf(path));
        ulong has = (ulong)RandomAccess.GetLength(stream.SafeFileHandle);
        if (has < journal.Bytes)
        {
            // What ends in zeros was never stored: the file is as long as its last data.
            RandomAccess.SetLength(stream.SafeFileHandle, (long)journal.Bytes);
        }

        ResumableFile file = new(path, stream, identity) { Kept = journal.Bytes, KeptMemory = journal.Memory, _journaled = journal.Bytes };
        byte[] piece = new byte[PieceBytes];
        for (ulong at = 0; at < journal.Bytes;)
        {
            int read = RandomAccess.Read(file.Handle, piece.AsSpan(0, (int)Math.Min(PieceBytes, journal.Bytes - at)), (long)at);
            if (read == 0)
            {
                file.Dispose();
                throw new MemoryImageException($"{PartialOf(path)}: ends before what its journal says: begin again without --resume");
            }

            file._hash.Append(piece.AsSpan(0, read));
            at += (ulong)read;
        }

        file._hashed = journal.Bytes;
        return file;
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        if (offset + (ulong)bytes.Length <= Kept)
        {
            return;
        }

        if (offset < Kept)
        {
            bytes = bytes[(int)(Kept - offset)..];
            offset = Kept;
        }

        HashZerosTo(offset);
        _hash.Append(bytes, piece => _file.Write(offset, piece));
        _hashed = offset + (ulong)bytes.Length;
    }

    /// <summary>Told how much of memory is in what was written so far: from time to time that is kept.</summary>
    internal void Taken(ulong memoryBytes)
    {
        if (_hashed > Kept)
        {
            (_takenBytes, _takenMemory) = (_hashed, memoryBytes);
            if (_hashed >= _journaled + JournalBytes && _journaling.IsCompleted)
            {
                FinishJournal();
                BeginJournal();
            }
        }
    }

    /// <inheritdoc/>
    public void Finish(ulong length)
    {
        HashZerosTo(length);
        _file.Finish(length);
    }

    /// <summary>Gives it its name for good.</summary>
    /// <returns>Its SHA-256, in hexadecimal.</returns>
    internal string Keep()
    {
        FinishJournal();
        RandomAccess.FlushToDisk(Handle);
        _isWhole = true;
        _stream.Dispose();
        File.Move(PartialOf(_path), _path, overwrite: true);
        File.Delete(JournalOf(_path));
        return _hash.Finish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            FinishJournal();
            if (!_isWhole && _takenBytes > _journaled)
            {
                BeginJournal();
                FinishJournal();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What kept the image from being written, a full disk, keeps this from it too: the last journal holds.
        }

        _stream.Dispose();
        _hash.Dispose();
    }

    // Beside the writing: what is written so far goes to the disk, and only then the journal says that it is there.
    private void BeginJournal()
    {
        (ulong bytes, ulong memory) = (_takenBytes, _takenMemory);
        _journaled = bytes;
        _journaling = Task.Factory.StartNew(() => WriteJournal(bytes, memory), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    // A disk that failed says so once; no journal comes after one that could not be written.
    private void FinishJournal() => _journaling.GetAwaiter().GetResult();

    private void WriteJournal(ulong bytes, ulong memory)
    {
        RandomAccess.FlushToDisk(Handle);
        string journal = JournalOf(_path);
        string next = journal + ".new";
        using (FileStream file = Opener.Emptied(next))
        {
            using (Utf8JsonWriter json = new(file))
            {
                json.WriteStartObject();
                json.WriteString("identity", _identity);
                json.WriteNumber("bytes", bytes);
                json.WriteNumber("memory", memory);
                json.WriteEndObject();
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(next, journal, overwrite: true);
    }

    private void HashZerosTo(ulong offset)
    {
        if (_hashed >= offset)
        {
            return;
        }

        byte[] zeros = new byte[PieceBytes];
        for (; _hashed < offset; _hashed += Math.Min(PieceBytes, offset - _hashed))
        {
            _hash.Append(zeros.AsSpan(0, (int)Math.Min(PieceBytes, offset - _hashed)));
        }
    }

    private static (string Identity, ulong Bytes, ulong Memory) ReadJournal(string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(Opener.ReadAll(JournalOf(path), MostJournalBytes));
            return (json.RootElement.GetProperty("identity").GetString() ?? "", json.RootElement.GetProperty("bytes").GetUInt64(),
                json.RootElement.GetProperty("memory").GetUInt64());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new MemoryImageException($"{JournalOf(path)}: "
                + $"{(e is FileNotFoundException ? "there is none, so nothing to go on with" : "is no journal of acquire")}: begin again without --resume", e);
        }
    }
}
