using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.PageCache;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Cache;

/// <summary>A file, and what of it is in the page cache.</summary>
/// <param name="File">The file.</param>
/// <param name="Runs">Runs of its pages, by their place in it.</param>
/// <param name="Problems">What could not be followed, a line each.</param>
internal sealed record CachedFile(PageFile File, IReadOnlyList<CacheRun> Runs, IReadOnlyList<string> Problems)
{
    private const int ChunkBytes = 1 << 20;
    private const string Overlay = "overlay";
    private const string OverlayKeepsNone = "it is a file of an overlay, which keeps no pages itself: those are the file's in its upper or lower directory";

    private const string NoLength = "its length cannot be read: where it ends is not known, and nothing of it is written";

    /// <summary>A file by its path, as a process sees it.</summary>
    /// <returns>The file; or why there is none.</returns>
    /// <exception cref="MissingTypeException">Nothing describes directories, or the page cache.</exception>
    public static (CachedFile? File, string? Absence) At(Machine machine, KernelTask process, string path)
    {
        (VirtualAddress? inode, string? absence) = PathLookup.Find(machine.Parts.Objects.Required, process, path);
        return inode is VirtualAddress found ? Of(machine, found) : (null, absence);
    }

    /// <summary>A file by where its inode or a struct file of it is.</summary>
    /// <inheritdoc cref="At"/>
    public static (CachedFile? File, string? Absence) Of(Machine machine, VirtualAddress at)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        KernelTypes types = objects.Types;
        Field own = types.Struct("inode").Field("i_data");
        Field host = types.Struct("address_space").Field("host");
        Field mapping = types.Struct("inode").Field("i_mapping");
        VirtualAddress? inode = IsInode(at) ? at
            : objects.Pointer(at, types.FindField("file", "f_inode")) is VirtualAddress its && IsInode(its) ? its : null;
        if (inode is null || objects.Pointer(inode.Value, mapping) is not VirtualAddress space)
        {
            return (null, $"{at}: there is no inode, and no struct file either");
        }

        PageFile file = machine.Parts.PageFiles.Required.Of(space);
        FileCache cache = FileCache.Read(objects, machine.Parts.Pages.Required, file);
        string[] more = [.. new[] { file.FileSystem == Overlay ? OverlayKeepsNone : null, file.Bytes is null ? NoLength : null }.OfType<string>()];
        return (new(file, cache.Runs, [.. cache.Damage, .. more]), null);

        // An inode begins its life as the host of its own address_space; that of a device's blocks is another's, i_mapping leads there.
        bool IsInode(VirtualAddress address) => objects.Pointer(address + own.Offset, host) == address;
    }

    /// <summary>How large it is; 0 too where that cannot be read, which is one of the problems.</summary>
    public ulong Bytes => File.Bytes ?? 0;

    /// <summary>Whether everything that is in the file is in memory.</summary>
    public bool IsWhole => Problems.Count == 0 && MissingPages == 0;

    /// <summary>How much of it is in memory.</summary>
    public ulong CachedBytes => Runs.Where(run => run.State == CacheState.Cached)
        .Aggregate(0UL, (sum, run) => sum + (Math.Min(run.End << PageFrame.Shift, Bytes) - Math.Min(run.Index << PageFrame.Shift, Bytes)));

    /// <summary>Pages of the file that are somewhere else.</summary>
    public ulong MissingPages => Runs.Where(run => run.State is not (CacheState.Cached or CacheState.Hole))
        .Aggregate(0UL, (sum, run) => sum + (Math.Min(run.End, Pages) - Math.Min(run.Index, Pages)));

    private ulong Pages => (Bytes + PageFrame.Size - 1) >> PageFrame.Shift;

    /// <summary>Writes what is in memory of it; the rest stays a hole.</summary>
    /// <param name="memory">The machine's memory.</param>
    /// <param name="stream">Where to: a new file.</param>
    /// <returns>What the image lacks of pages that the machine has in memory, a line each.</returns>
    public IReadOnlyList<string> Write(PhysicalMemory memory, Stream stream)
    {
        // What is longer than any file can be is no length: the stream refuses it as it refuses others.
        stream.SetLength((long)Math.Min(Bytes, long.MaxValue));
        List<string> problems = [];
        byte[] chunk = new byte[ChunkBytes];
        ulong lost = 0;
        string? why = null;
        foreach (CacheRun run in Runs.Where(run => run is { State: CacheState.Cached, Frame: not null }))
        {
            ulong at = run.Index << PageFrame.Shift;
            ulong end = Math.Min(run.End << PageFrame.Shift, Bytes);
            PhysicalAddress from = run.Frame!.Value.Address;
            while (at < end)
            {
                int wanted = (int)Math.Min(ChunkBytes, end - at);
                PhysicalAddress place = from + (at - (run.Index << PageFrame.Shift));
                int read = memory.Read(place, chunk.AsSpan(0, wanted));
                stream.Position = (long)at;
                stream.Write(chunk, 0, read);
                if (read < wanted)
                {
                    // The rest of a page that is not there at its beginning is not either.
                    PhysicalAddress first = place + (ulong)read;
                    why ??= $"{first} is {memory.WhyUnread(first)}";
                    ulong next = Math.Min(end, (at + (ulong)read + PageFrame.Size) & ~((ulong)PageFrame.Size - 1));
                    lost += next - (at + (ulong)read);
                    at = next;
                }
                else
                {
                    at += (ulong)wanted;
                }
            }
        }

        if (lost > 0)
        {
            problems.Add($"{Size.Text(lost)} of what the machine had in memory cannot be read: {why}");
        }

        return problems;
    }
}
