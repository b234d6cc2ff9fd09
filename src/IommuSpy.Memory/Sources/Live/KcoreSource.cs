using IommuSpy.Memory.Formats.Elf;
using IommuSpy.Memory.Systems;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>The running machine's memory through /proc/kcore, which needs no module and no open /dev/mem (CONFIG_PROC_KCORE).</summary>
internal static class KcoreSource
{
    private const string Kcore = "proc/kcore";
    private const ulong MostNoteBytes = 16 << 20;

    /// <summary>Opens /proc/kcore as an image.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="files">The running machine's files.</param>
    /// <exception cref="MemoryImageException">It cannot be opened, or does not say what memory is: one line, and what would help.</exception>
    internal static MemoryImage Open(string name, RunningFiles files)
    {
        string path = files.PathOf(Kcore);
        KcoreFile file = new(path, OpenFile(path, files));
        try
        {
            List<ElfProgramHeader> headers = ElfProgramHeaders.Read(file, mayLackPhysical: true);
            IReadOnlyList<PhysicalRange> ram = IomemEntry.Memory(IomemEntry.Parse(files.Text("proc/iomem") ?? ""));
            IReadOnlyList<KcoreMap.Run> runs = KcoreMap.Memory(headers, ram, out string? problem);
            if (problem is not null)
            {
                throw new MemoryImageException($"{path}: {problem}");
            }

            PhysicalMemory memory = new(runs.Select(run => file.SegmentAt(run.Range.Start, run.Offset, run.Range.Length))) { Changes = true };
            string way = ram.Count > 0 ? "the direct map's part of /proc/kcore that is System RAM in /proc/iomem" : "the direct map's part of /proc/kcore";
            return new(name, [file], "running machine, /proc/kcore", [new(memory, way)]) { Notes = Notes(file, headers), SystemFiles = files };
        }
        catch (MemoryImageException)
        {
            file.Dispose();
            throw;
        }
    }

    private static List<ElfNote> Notes(KcoreFile file, List<ElfProgramHeader> headers)
    {
        List<ElfNote> notes = [];
        foreach (ElfProgramHeader header in headers.Where(header => header.Type == ElfProgramHeader.Note && header.FileBytes is > 0 and <= MostNoteBytes))
        {
            notes.AddRange(ElfNotes.Read(file.Span(header.Offset, (int)header.FileBytes)));
        }

        return notes;
    }

    private static SafeFileHandle OpenFile(string path, RunningFiles files)
    {
        try
        {
            return Opener.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException
                ? "there is none: this kernel is built without CONFIG_PROC_KCORE"
                : Privileges.Of(files).Refusal ?? FileProblem.Of(e);
            throw new MemoryImageException($"{path}: {reason}", e);
        }
    }
}
