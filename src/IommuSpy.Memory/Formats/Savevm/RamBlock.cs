using IommuSpy.Memory.Placement;

namespace IommuSpy.Memory.Formats.Savevm;

/// <summary>A block of a guest's memory in a saved state, and where each of its pages stands in the stream.</summary>
/// <param name="file">The stream.</param>
/// <param name="name">QEMU's name for it: of a memory backend, its id.</param>
/// <param name="length">Bytes.</param>
internal sealed class RamBlock(ImageFile file, string name, ulong length) : MemoryBlock(name, length)
{
    // What QEMU names so is a device's or firmware's; devices with a place on a bus have it in the block's name (qdev_get_dev_path).
    private static readonly string[] DeviceBlocks =
        ["pc.bios", "pc.rom", "isa-bios", "vga.vram", "vga.rom", "tpm-ppi", "system.flash0", "system.flash1", "system.flash"];

    // Machines until QEMU 4.0 name a memory backend by its path.
    private const string BackendPath = "/objects/";

    private readonly ulong[] _pages = new ulong[(length + PageFrame.Size - 1) >> PageFrame.Shift];

    /// <summary>Pages of the block.</summary>
    internal int Pages => _pages.Length;

    /// <summary>A page that the stream holds; one that comes again replaces itself.</summary>
    internal void Store(ulong page, ulong offset) => _pages[page] = offset << 1;

    /// <summary>A page that is one byte over and over.</summary>
    internal void Fill(ulong page, byte value) => _pages[page] = ((ulong)value << 1) | 1;

    /// <summary>Whether the stream had the page.</summary>
    internal bool Has(ulong page) => _pages[page] != 0;

    /// <summary>Whether it is the machine's RAM rather than a device's: pc.ram, or a memory backend.</summary>
    internal bool IsMemory => Length % PageFrame.Size == 0 && !DeviceBlocks.Contains(Name)
        && (!Name.Contains('/', StringComparison.Ordinal) || Name.StartsWith(BackendPath, StringComparison.Ordinal));

    /// <summary>Bytes of it that the stream should have and has not.</summary>
    internal ulong MissingBytes => (ulong)Enumerable.Range(0, Pages).Count(page => !Has((ulong)page)) << PageFrame.Shift;

    /// <inheritdoc/>
    internal override IEnumerable<FileExtent> Data
    {
        get
        {
            ulong start = 0;
            for (ulong page = 0; page <= (ulong)Pages; page++)
            {
                if (page < (ulong)Pages && Has(page) && this[page] != (null, 0))
                {
                    continue;
                }

                if (page > start)
                {
                    yield return new(start << PageFrame.Shift, (page - start) << PageFrame.Shift);
                }

                start = page + 1;
            }
        }
    }

    /// <inheritdoc/>
    internal override MemorySegment SegmentAt(PhysicalAddress start, ulong offset, ulong bytes) =>
        MemorySegment.Behind(new RamBlockSegment(file, this, offset), new(start, bytes));

    /// <inheritdoc/>
    internal override int Read(ulong offset, Span<byte> destination) =>
        new RamBlockSegment(file, this, offset).Read(0, destination[..(int)Math.Min((ulong)destination.Length, offset < Length ? Length - offset : 0)]);

    /// <summary>The page's offset in the stream, or the byte that fills it.</summary>
    internal (ulong? Offset, byte Fill) this[ulong page] => (_pages[page] & 1) == 0 ? (_pages[page] >> 1, (byte)0) : (null, (byte)(_pages[page] >> 1));
}
