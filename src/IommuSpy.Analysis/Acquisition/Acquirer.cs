using System.Diagnostics;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Analysis.Acquisition;

/// <summary>
/// Keeps the memory of a running machine, or of any source, in a file, with what the machine says of itself (<see cref="SystemRecord"/>): without it an image
/// has no kallsyms of a stripped kernel, no firmware tables, which stand in memory that a running kernel does not let read, and no registers.
/// </summary>
public sealed class Acquirer
{
    private const string StandardOutput = "-";
    private const string BootId = "proc/sys/kernel/random/boot_id";

    private readonly ImageToWrite _source;

    /// <summary>Looks for the kernel in the memory.</summary>
    /// <param name="image">The memory, which stays the caller's.</param>
    /// <param name="options">What the user says of it.</param>
    /// <exception cref="MemoryImageException">The image has lost a part of the kernel's memory.</exception>
    public Acquirer(MemoryImage image, MemoryImageOptions options) => _source = new(image, options);

    private MemoryImage Memory => _source.Image;

    /// <summary>Acquires into a file, which an interruption leaves to go on with.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">elf, lime, avml or raw.</param>
    /// <param name="resume">Whether to go on with what an interrupted run left.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <exception cref="MemoryImageException">It cannot be written, or there is nothing to go on with.</exception>
    public AcquireReport Write(string path, ImageFormat format, bool resume, Action<double>? progress)
    {
        long start = Stopwatch.GetTimestamp();
        ImageWriter.RefuseWhatIsNoFile(path);
        byte[]? record = Record(out int recorded);
        string? beside = null;
        if (record is not null && format != ImageFormat.Elf && !resume)
        {
            beside = path + SystemRecord.Extension;
            SystemRecord.WriteFile(beside, record);
        }

        string boot = Memory.SystemFiles?.Text(BootId) ?? Memory.Path;
        (WriteResult result, string hash, ulong kept) = ImageWriter.WriteResumably(Memory, _source.Layout, path, Options(format, record, progress), boot,
            resume);
        return Report(path, format, result, kept, hash, start,
            record is null ? null : format == ImageFormat.Elf ? $"ELF note {SystemRecord.NoteName}" : beside ?? path + SystemRecord.Extension, recorded);
    }

    /// <summary>Acquires into a pipe; what the machine says of itself goes along where the format has notes.</summary>
    /// <param name="stream">The pipe.</param>
    /// <param name="format">elf, lime, avml or raw.</param>
    /// <param name="progress">Told how far it is.</param>
    public AcquireReport Write(Stream stream, ImageFormat format, Action<double>? progress)
    {
        long start = Stopwatch.GetTimestamp();
        byte[]? record = Record(out int recorded);
        using HashedStream hashed = new(stream);
        WriteResult result = ImageWriter.Write(Memory, _source.Layout, hashed, Options(format, record, progress));
        bool goesAlong = record is not null && format == ImageFormat.Elf;
        return Report(StandardOutput, format, result, 0, hashed.Hash(), start, goesAlong ? $"ELF note {SystemRecord.NoteName}" : null,
            goesAlong ? recorded : 0);
    }

    private AcquireReport Report(string output, ImageFormat format, WriteResult result, ulong kept, string hash, long start, string? record,
        int recorded) => new(
        Memory.Path, Memory.Format, output, format.ToString().ToLowerInvariant(), result.Pages, result.Unreadable, result.Bytes, kept, hash,
            Stopwatch.GetElapsedTime(start).TotalSeconds, record, recorded,
        _source.Absence);

    private WriteOptions Options(ImageFormat format, byte[]? record, Action<double>? progress) => _source.Complete(new(format)
    {
        Notes = format == ImageFormat.Elf ? Notes(record) : [],
        Progress = progress,
    });

    // /proc/kcore's other notes are of nobody: a process status of zeros, and the reader's own task.
    private List<ElfNote> Notes(byte[]? record)
    {
        List<ElfNote> notes = [.. Memory.Notes.Where(note => !Memory.IsLive || string.Equals(note.Name, "VMCOREINFO", StringComparison.Ordinal))];
        _source.AddVmCoreInfo(notes);
        if (record is not null)
        {
            notes.RemoveAll(note => string.Equals(note.Name, SystemRecord.NoteName, StringComparison.Ordinal));
            notes.Add(new(SystemRecord.NoteName, SystemRecord.NoteType, record));
        }

        return notes;
    }

    private byte[]? Record(out int count)
    {
        count = 0;
        return Memory.SystemFiles is SystemFiles files ? SystemRecord.Write(files, Facts(), out count) : null;
    }

    private Dictionary<string, string> Facts()
    {
        Dictionary<string, string> facts = new(StringComparer.Ordinal) { ["source"] = Memory.Format, ["acquired"] = DateTimeOffset.UtcNow.ToString("o") };
        if (_source.Machine?.Kernel.Facts is not KernelFacts kernel)
        {
            return facts;
        }

        facts["release"] = kernel.Release.Value;
        facts["pagingLevels"] = $"{kernel.PagingLevels.Value}";
        facts["rootTable"] = $"{kernel.RootTable.Value}";
        facts["physicalBase"] = $"0x{kernel.PhysicalBase.Value:x}";
        foreach ((string name, string? value) in ((string, string?)[])
        [
            ("kaslrOffset", kernel.KaslrOffset is { } offset ? $"0x{offset.Value:x}" : null),
            ("pageOffsetBase", kernel.PageOffsetBase?.Value.ToString()),
            ("vmallocBase", kernel.VmallocBase?.Value.ToString()),
            ("vmemmapBase", kernel.VmemmapBase?.Value.ToString()),
        ])
        {
            if (value is not null)
            {
                facts[name] = value;
            }
        }

        return facts;
    }
}
