using System.Buffers.Binary;

namespace IommuSpy.Lab;

/// <summary>A user process of a captured guest, as the guest's /proc described it.</summary>
public sealed class GuestProcess
{
    private const ulong PageSize = 4096;
    private const int PresentBit = 63;
    private readonly string _directory;

    internal GuestProcess(int pid, string directory)
    {
        Pid = pid;
        _directory = directory;
    }

    public int Pid { get; }

    /// <summary>The kernel's name of the process, at most 15 characters.</summary>
    public string Name => System.IO.File.ReadAllText(File("comm")).TrimEnd('\n');

    /// <summary>The path of a recorded file: maps, smaps, status, stat, comm, cmdline, pagemap.</summary>
    public string File(string name) => Path.Combine(_directory, name);

    public IReadOnlyList<GuestMapping> Mappings() => [.. System.IO.File.ReadLines(File("maps")).Select(GuestMapping.Parse)];

    /// <summary>
    /// Every page of every mapping in address order, with the 64 bits that /proc/PID/pagemap had for it; without those that it passed over: of
    /// <see cref="GuestMapping.IsVvar"/>, those it calls absent.
    /// </summary>
    public IEnumerable<(ulong Address, ulong Entry)> Pagemap()
    {
        byte[] entries = System.IO.File.ReadAllBytes(File("pagemap"));
        int position = 0;
        foreach (GuestMapping mapping in Mappings().Where(mapping => !mapping.IsVsyscall))
        {
            for (ulong address = mapping.Start; address < mapping.End; address += PageSize)
            {
                ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(position, sizeof(ulong)));
                position += sizeof(ulong);
                if (!mapping.IsVvar || entry >> PresentBit != 0)
                {
                    yield return (address, entry);
                }
            }
        }
    }
}
