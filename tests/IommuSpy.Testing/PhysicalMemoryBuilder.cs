using System.Buffers.Binary;
using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>
/// Lays out the physical memory of a machine in code. RAM costs nothing until it is written, so a test can have 5 GiB. What is written outside
/// every run of RAM is lost, as on a machine: that is how a table comes to stand outside the image.
/// </summary>
/// <example>
/// <code>
/// PhysicalMemoryBuilder machine = new PhysicalMemoryBuilder().AddRam(new(0), 64 &lt;&lt; 20);
/// PageTableBuilder tables = new(machine, levels: 4, tables: new(0x10_0000));
/// tables.Map4K(new(0x7000_0000_1000), new(0x5000));
/// using BuiltMemory built = machine.Build(Backing.Mapped);
/// </code>
/// </example>
public sealed class PhysicalMemoryBuilder
{
    private readonly List<PhysicalRange> _ram = [];
    private readonly SortedDictionary<ulong, byte[]> _pages = [];

    /// <summary>Adds a run of RAM. Neither end has to be page aligned; runs may touch.</summary>
    public PhysicalMemoryBuilder AddRam(PhysicalAddress start, ulong length)
    {
        _ram.Add(new(start, length));
        return this;
    }

    /// <summary>Writes bytes.</summary>
    public PhysicalMemoryBuilder Write(PhysicalAddress address, ReadOnlySpan<byte> bytes)
    {
        for (int done = 0; done < bytes.Length;)
        {
            ulong at = address.Value + (ulong)done;
            int inPage = (int)(at % PageFrame.Size);
            int count = Math.Min(PageFrame.Size - inPage, bytes.Length - done);
            bytes.Slice(done, count).CopyTo(Page(at).AsSpan(inPage));
            done += count;
        }

        return this;
    }

    /// <summary>Writes 8 bytes, little-endian.</summary>
    public PhysicalMemoryBuilder Write(PhysicalAddress address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Write(address, bytes);
    }

    /// <summary>The 8 bytes at an address that is a multiple of 8, as written so far.</summary>
    public ulong ReadWord(PhysicalAddress address) =>
        _pages.TryGetValue(address.Value / PageFrame.Size, out byte[]? page)
            ? BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan((int)(address.Value % PageFrame.Size)))
            : 0;

    /// <summary>The pages written so far, by number; a test that spoils memory at random picks from them.</summary>
    public IReadOnlyCollection<ulong> WrittenPages => _pages.Keys;

    /// <summary>A page's bytes, to be changed in place.</summary>
    public Span<byte> PageBytes(PageFrame frame) => Page(frame.Address.Value);

    /// <summary>
    /// The memory as a raw file: its runs of RAM one after the other. With a run from 0 and one from 4 GiB that is QEMU's RAM file, which leaves out the hole.
    /// </summary>
    public TemporaryFile WriteRaw() => TemporaryFile.Sparse(FileBytes, FileParts());

    /// <summary>The memory as an ELF core, with notes.</summary>
    public TemporaryFile WriteElf(params IEnumerable<byte[]> notes)
    {
        ElfCoreBuilder elf = new();
        elf.AddNotes([.. notes, ElfCoreBuilder.OnlyZerosLeftOut]);
        foreach (PhysicalRange run in _ram)
        {
            // Only what was written is stored, and a note says that the rest is zeros.
            ulong at = run.Start.Value;
            foreach ((PhysicalRange part, byte[] page) in WrittenIn(run))
            {
                int start = (int)(part.Start.Value % PageFrame.Size);
                if (part.Start.Value > at)
                {
                    elf.AddLoad(at, [], part.Start.Value - at);
                }

                elf.AddLoad(part.Start.Value, page[start..(start + (int)part.Length)]);
                at = part.Start.Value + part.Length;
            }

            if (at <= run.Last.Value)
            {
                elf.AddLoad(at, [], run.Last.Value - at + 1);
            }
        }

        return TemporaryFile.With(elf.Build());
    }

    /// <summary>The memory as it is now; the builder can go on.</summary>
    /// <param name="backing">What its bytes lie in.</param>
    /// <param name="budget">How much work may be done in it; null for this process's.</param>
    public BuiltMemory Build(Backing backing, WorkBudget? budget = null)
    {
        MappedFile? file = backing == Backing.Mapped ? MapRam() : null;
        Dictionary<ulong, byte[]> copy = file is null ? _pages.ToDictionary(page => page.Key, page => page.Value.ToArray()) : [];
        List<MemorySegment> segments = [];
        ulong fileOffset = 0;
        foreach (PhysicalRange run in _ram)
        {
            segments.Add(file is null
                ? MemorySegment.Behind(new PagesReader(copy, run.Start), run)
                : MemorySegment.InFile(run.Start, file, fileOffset, run.Length));
            fileOffset += run.Length;
        }

        return new(new(segments) { DataRanges = [.. WrittenRanges()], Budget = budget ?? WorkBudget.OfProcess }, file);
    }

    private byte[] Page(ulong address)
    {
        ulong number = address / PageFrame.Size;
        if (!_pages.TryGetValue(number, out byte[]? page))
        {
            _pages[number] = page = new byte[PageFrame.Size];
        }

        return page;
    }

    private MappedFile MapRam()
    {
        using TemporaryFile file = WriteRaw();

        // The mapping keeps the bytes when the name is gone.
        return MappedFile.Open(file.Path);
    }

    private long FileBytes => checked((long)_ram.Aggregate(0UL, (sum, run) => sum + run.Length));

    private IEnumerable<(long Offset, byte[] Bytes)> FileParts()
    {
        ulong fileOffset = 0;
        foreach (PhysicalRange run in _ram)
        {
            foreach ((PhysicalRange part, byte[] page) in WrittenIn(run))
            {
                int start = (int)(part.Start.Value % PageFrame.Size);
                yield return ((long)(fileOffset + (part.Start.Value - run.Start.Value)), page[start..(start + (int)part.Length)]);
            }

            fileOffset += run.Length;
        }
    }

    private IEnumerable<PhysicalRange> WrittenRanges() => _ram.OrderBy(run => run.Start).SelectMany(WrittenIn).Select(written => written.Part);

    /// <summary>The written pages, cut to a run of RAM.</summary>
    private IEnumerable<(PhysicalRange Part, byte[] Page)> WrittenIn(PhysicalRange run)
    {
        foreach ((ulong number, byte[] page) in _pages)
        {
            ulong first = Math.Max(number * PageFrame.Size, run.Start.Value);
            ulong last = Math.Min((number * PageFrame.Size) + (PageFrame.Size - 1), run.Last.Value);
            if (first <= last)
            {
                yield return (new(new(first), last - first + 1), page);
            }
        }
    }
}
