using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>
/// The two headers of a kdump-compressed file (makedumpfile, IMPLEMENTATION and diskdump_mod.h): disk_dump_header and kdump_sub_header, of a 64-bit machine.
/// </summary>
/// <param name="Version">0-6: which of the fields below the file has.</param>
/// <param name="Status">Flags: how pages are compressed, 8 for a dump that was never finished.</param>
/// <param name="BlockSize">Bytes in a page, which is the unit of the file too.</param>
/// <param name="BitmapOffset">File offset of the two bitmaps.</param>
/// <param name="BitmapBytes">Bytes of both.</param>
/// <param name="Pages">Page frames that they speak of, from 0 on.</param>
/// <param name="DumpLevel">Which kinds of pages were left out (makedumpfile -d); null where the file does not say.</param>
/// <param name="StartPage">Of a part of a split dump: the first page frame that it holds.</param>
/// <param name="EndPage">Of a part of a split dump: the page frame after the last.</param>
/// <param name="IsSplit">Whether this is a part of a split dump.</param>
/// <param name="VmCoreInfo">Where the file keeps VMCOREINFO; empty for nowhere.</param>
/// <param name="Notes">Where the file keeps ELF notes.</param>
/// <param name="Machine">utsname.machine; null where the writer did not know it.</param>
internal sealed record KdumpHeader(
    int Version,
    uint Status,
    int BlockSize,
    ulong BitmapOffset,
    ulong BitmapBytes,
    ulong Pages,
    int? DumpLevel,
    ulong StartPage,
    ulong EndPage,
    bool IsSplit,
    FileExtent VmCoreInfo,
    FileExtent Notes,
    string? Machine)
{
    /// <summary>Bytes of the first header, up to its list of tasks.</summary>
    internal const int Bytes = 464;

    private const uint Incomplete = 8; // DUMP_DH_COMPRESSED_INCOMPLETE
    private const int SubHeaderBytes = 104;
    private const int NameBytes = 65; // __NEW_UTS_LEN and a zero

    // QEMU's word where its build has no name of the machine (dump/dump.c, ELF_MACHINE_UNAME): seen of 10.0 for x86-64.
    private const string UnknownMachine = "Unknown";
    private const int MachineAt = 12 + (4 * NameBytes);

    // arm64's kernels have one of them, and QEMU writes its dumps with the largest.
    private static readonly int[] PageSizes = [PageFrame.Size, 16 << 10, 64 << 10];

    private const int LastKnownVersion = 6;
    private const int MostHeaderBlocks = 1 << 16;

    internal static ReadOnlySpan<byte> Signature => "KDUMP   "u8;

    /// <summary>Whether the file says of itself that it was never finished.</summary>
    internal bool IsIncomplete => (Status & Incomplete) != 0;

    /// <summary>log2 of <see cref="BlockSize"/>: physical addresses are page frame numbers times that.</summary>
    internal int PageShift => System.Numerics.BitOperations.Log2((uint)BlockSize);

    /// <summary>File offset of the page descriptors.</summary>
    internal ulong DescriptorOffset => BitmapOffset + BitmapBytes;

    /// <summary>Reads the headers.</summary>
    /// <exception cref="MemoryImageException">They are cut off, or say what cannot be.</exception>
    internal static KdumpHeader Read(ImageFile file)
    {
        if (!file.Holds(0, Bytes))
        {
            throw new MemoryImageException($"{file.Path}: kdump cut off inside its header (0x{file.Length:x} bytes)");
        }

        ReadOnlySpan<byte> header = file.Span(0, Bytes);
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        uint status = BinaryPrimitives.ReadUInt32LittleEndian(header[424..]);
        int blockSize = BinaryPrimitives.ReadInt32LittleEndian(header[428..]);
        int subHeaderBlocks = BinaryPrimitives.ReadInt32LittleEndian(header[432..]);
        uint bitmapBlocks = BinaryPrimitives.ReadUInt32LittleEndian(header[436..]);
        ulong pages = BinaryPrimitives.ReadUInt32LittleEndian(header[440..]);
        if (version is < 0 or > LastKnownVersion)
        {
            throw new MemoryImageException($"{file.Path}: kdump whose header is of version {version}: 0-{LastKnownVersion} are known");
        }

        if (!PageSizes.Contains(blockSize) || subHeaderBlocks is < 0 or > MostHeaderBlocks)
        {
            throw new MemoryImageException($"{file.Path}: kdump with pages of {blockSize} bytes and {subHeaderBlocks} blocks of second header: those read here "
                + $"have pages of {string.Join(", ", PageSizes)}");
        }

        ulong bitmapOffset = (1 + (ulong)subHeaderBlocks) * (ulong)blockSize;
        ulong bitmapBytes = bitmapBlocks * (ulong)blockSize;
        int? dumpLevel = null;
        bool isSplit = false;
        ulong start = 0;
        ulong end = ulong.MaxValue;
        FileExtent vmCoreInfo = default;
        FileExtent notes = default;
        if (subHeaderBlocks > 0 && version > 0)
        {
            if (!file.Holds((ulong)blockSize, SubHeaderBytes))
            {
                throw new MemoryImageException($"{file.Path}: kdump cut off inside its second header (0x{file.Length:x} bytes)");
            }

            ReadOnlySpan<byte> second = file.Span((ulong)blockSize, SubHeaderBytes);
            dumpLevel = BinaryPrimitives.ReadInt32LittleEndian(second[8..]);
            isSplit = version >= 2 && BinaryPrimitives.ReadInt32LittleEndian(second[12..]) != 0;
            int pageFields = version >= 6 ? 80 : 16;
            start = isSplit ? BinaryPrimitives.ReadUInt64LittleEndian(second[pageFields..]) : 0;
            end = isSplit ? BinaryPrimitives.ReadUInt64LittleEndian(second[(pageFields + 8)..]) : ulong.MaxValue;
            vmCoreInfo = version >= 3 ? Extent(second[32..]) : default;
            notes = version >= 4 ? Extent(second[48..]) : default;
            pages = version >= 6 ? BinaryPrimitives.ReadUInt64LittleEndian(second[96..]) : pages;
        }

        return new(version, status, blockSize, bitmapOffset, bitmapBytes, pages, dumpLevel, start, Math.Min(end, pages), isSplit, vmCoreInfo, notes,
            Text(header.Slice(MachineAt, NameBytes)) is string machine && machine != UnknownMachine ? machine : null);
    }

    private static string? Text(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is > 0 and var length ? Encoding.ASCII.GetString(field[..length]) : null;

    private static FileExtent Extent(ReadOnlySpan<byte> fields) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(fields), BinaryPrimitives.ReadUInt64LittleEndian(fields[8..]));
}
