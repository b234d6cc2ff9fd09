using System.Buffers.Binary;
using System.Globalization;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Running;

/// <summary>
/// A process of this machine by its /proc/PID/maps and pagemap alone (Documentation/admin-guide/mm/pagemap.rst): with no kernel discovery, on any kernel, also
/// for an ordinary user's own processes, who is shown no page frames (since 4.2).
/// </summary>
public sealed class RunningProcess : IDisposable
{
    private const int EntryBytes = sizeof(ulong);
    private const int BatchEntries = 8192;
    private const ulong FrameMask = (1UL << 55) - 1;
    private const ulong Present = 1UL << 63;
    private const ulong Swapped = 1UL << 62;
    private const ulong FileOrShared = 1UL << 61;
    private const ulong Guard = 1UL << 58;
    private const ulong WriteProtected = 1UL << 57;
    private const ulong Exclusive = 1UL << 56;
    private const ulong SoftDirty = 1UL << 55;

    // Until 4.1 bits 55-60 held the page shift, 12, in every entry. Since, these two bits do not come together: the one is of pages in memory, the other of
    // what is none.
    private const ulong OldShift = WriteProtected | Guard;
    private const ulong StatusBits = 0x3fUL << 55;

    private readonly SafeFileHandle _pagemap;
    private readonly bool _isOld;

    private RunningProcess(int pid, IReadOnlyList<MemoryArea> areas, SafeFileHandle pagemap, bool seesFrames)
    {
        Pid = pid;
        Areas = areas;
        _pagemap = pagemap;
        SeesFrames = seesFrames;
        _isOld = (First(areas[0]) & StatusBits) == OldShift;
    }

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>What it has mapped, in order. Their <see cref="MemoryArea.Address"/> is 0: /proc does not tell.</summary>
    public IReadOnlyList<MemoryArea> Areas { get; }

    /// <summary>Whether page frames are shown; without CAP_SYS_ADMIN they are zeros.</summary>
    public bool SeesFrames { get; }

    /// <summary>Opens a process of this machine.</summary>
    /// <param name="files">The running machine's files.</param>
    /// <param name="pid">Its number.</param>
    /// <exception cref="RunningProcessException">There is no such process, it has no user memory, or this user may not look at it.</exception>
    public static RunningProcess Open(RunningFiles files, int pid)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"proc/{pid}");
        if (files.Read($"{directory}/stat") is null)
        {
            throw new RunningProcessException($"no process has the number {pid} on this machine");
        }

        Privileges privileges = Privileges.Of(files);
        if (files.Read($"{directory}/maps") is not byte[] maps)
        {
            throw new RunningProcessException(Refused(privileges, pid, "maps"));
        }

        List<MemoryArea> areas = RunningAreas.Parse(maps);
        if (areas.Count == 0)
        {
            throw new RunningProcessException($"process {pid} has no user memory: it is a kernel thread, or has ended");
        }

        try
        {
            return new(pid, areas, Opener.Read(files.PathOf($"{directory}/pagemap")),
                privileges.SeesPhysical);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunningProcessException(e is FileNotFoundException ? "this kernel has no /proc/PID/pagemap (CONFIG_PROC_PAGE_MONITOR)"
                : Refused(privileges, pid, "pagemap"), e);
        }
    }

    /// <summary>The area that holds an address; null for none.</summary>
    public MemoryArea? AreaAt(VirtualAddress address) => Areas.FirstOrDefault(area => area.Contains(address));

    /// <summary>What the kernel says of the page of an address; null where it says nothing.</summary>
    public PagemapPage? PageAt(VirtualAddress address)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        VirtualAddress page = new(address.Value & ~(ulong)(PageFrame.Size - 1));
        return ReadEntries(page, entry) == 1 ? Decode(page, BinaryPrimitives.ReadUInt64LittleEndian(entry)) : null;
    }

    /// <summary>Hands each page of what it has mapped to <paramref name="receive"/>, in order of address.</summary>
    /// <param name="first">First address of interest.</param>
    /// <param name="last">Last address of interest, inclusive.</param>
    /// <param name="receive">Told of each page.</param>
    /// <returns>Whether the kernel told of all of them: a process that ends meanwhile has no pages.</returns>
    public bool Visit(VirtualAddress first, VirtualAddress last, Action<MemoryArea, PagemapPage> receive)
    {
        byte[] batch = new byte[BatchEntries * EntryBytes];
        bool whole = true;
        foreach (MemoryArea area in Areas)
        {
            // [vsyscall] is no page of the process's tables (fs/proc/task_mmu.c).
            ulong start = Math.Max(area.Start.Value, first.Value & ~(ulong)(PageFrame.Size - 1));
            ulong end = area.End.Value == 0 || (long)area.Start.Value < 0 ? 0
                : last.Value >= area.End.Value ? area.End.Value : (last.Value | (PageFrame.Size - 1)) + 1;
            for (ulong at = start; at < end;)
            {
                int want = (int)Math.Min(BatchEntries, (end - at) >> PageFrame.Shift);
                int got = ReadEntries(new(at), batch.AsSpan(0, want * EntryBytes));
                for (int i = 0; i < got; i++)
                {
                    VirtualAddress page = new(at + ((ulong)i << PageFrame.Shift));
                    receive(area, Decode(page, BinaryPrimitives.ReadUInt64LittleEndian(batch.AsSpan(i * EntryBytes))));
                }

                at += (ulong)got << PageFrame.Shift;
                if (got < want)
                {
                    whole = false;
                    break;
                }
            }
        }

        return whole;
    }

    /// <inheritdoc/>
    public void Dispose() => _pagemap.Dispose();

    /// <summary>An entry in words.</summary>
    private PagemapPage Decode(VirtualAddress page, ulong entry)
    {
        bool present = (entry & Present) != 0;
        bool swapped = !present && (entry & Swapped) != 0;
        ulong frame = entry & FrameMask;
        return new(
            page,
            present,
            present && frame != 0 ? new PageFrame(frame).Address : null,
            swapped ? (int)(frame & 0x1f) : null,
            swapped ? frame >> 5 : null,
            !_isOld && (entry & SoftDirty) != 0,
            _isOld ? null : (entry & Exclusive) != 0,
            (entry & FileOrShared) != 0,
            !_isOld && (entry & WriteProtected) != 0,
            !_isOld && (entry & Guard) != 0);
    }

    private ulong First(MemoryArea area)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return ReadEntries(area.Start, entry) == 1 ? BinaryPrimitives.ReadUInt64LittleEndian(entry) : 0;
    }

    private int ReadEntries(VirtualAddress page, Span<byte> entries)
    {
        try
        {
            return RandomAccess.Read(_pagemap, entries, (long)(page.Value >> PageFrame.Shift) * EntryBytes) / EntryBytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }

    private static string Refused(Privileges privileges, int pid, string file) =>
        $"/proc/{pid}/{file} may not be read "
            + $"by {(privileges.IsRoot ? "this process, which lacks CAP_SYS_PTRACE"
                : "this user: it is another user's process, or this kernel shows it to root alone; use sudo")}";
}
