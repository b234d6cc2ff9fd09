using IommuSpy.Memory.Formats.Raw;
using IommuSpy.Memory.Placement;

namespace IommuSpy.Memory.Formats.Savevm;

/// <summary>
/// QEMU's saved state: the stream of `migrate exec:cat>FILE`, virsh dump without --memory-only, and what virsh save wraps (QEMU, docs/devel/migration and
/// migration/ram.c). Its RAM blocks are read; devices and registers behind them are not.
/// </summary>
public sealed class SavevmFormat : IMemoryFormat
{
    private const uint Version = 3;
    private const ulong FourGiB = 1UL << 32;

    // Sections (migration/savevm.c).
    private const byte End = 0;
    private const byte Start = 1;
    private const byte Part = 2;
    private const byte Last = 3;
    private const byte Full = 4;
    private const byte Subsection = 5;
    private const byte Configuration = 7;
    private const byte Command = 8;
    private const byte Footer = 0x7e;

    // Flags in the low bits of a page's address (migration/ram.c).
    private const ulong ZeroPage = 0x02;
    private const ulong MemorySize = 0x04;
    private const ulong WholePage = 0x08;
    private const ulong EndOfSection = 0x10;
    private const ulong Continues = 0x20;
    private const ulong Flush = 0x200;
    private const int FewestPageBytes = 9;

    private static ReadOnlySpan<byte> Signature => "QEVM\0\0\0\u0003"u8;

    /// <inheritdoc/>
    public string Name => "QEMU saved state";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(Signature);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        List<RamBlock> blocks = ReadRam(file, out bool isWhole);
        List<MemoryBlock> memory =
        [
            .. BlockPlacement.InOrderOfNames(blocks.Where(block => block.IsMemory), block => block.Name).OrderBy(block => block.Name != "pc.ram"),
        ];
        if (memory.Count == 0)
        {
            throw new MemoryImageException($"{file.Path}: {Name} without RAM");
        }

        ulong missing = memory.OfType<RamBlock>().Aggregate(0UL, (sum, block) => sum + block.MissingBytes);
        List<string> damage = [];
        if (!isWhole || missing > 0)
        {
            damage.Add($"its RAM ends before it is whole (0x{file.Length:x} bytes): {Size.Text(missing)} of RAM is missing");
        }

        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{file.Path}: {Name}, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        RamBlock? firmware = blocks.Find(block => block.Name is "pc.bios" or "system.flash0" && block.Length is > 0 and < FourGiB);
        List<MemoryLayout> layouts = [.. Ways(file, memory, options.RamSplit).Select(runs => Layout(runs, firmware, missing))];
        return new(file, Name, layouts) { DeclaresPlaces = false, Damage = damage };
    }

    // Nothing in the stream says at which address a block stands.
    private IEnumerable<IReadOnlyList<PlacedRun>> Ways(ImageFile file, List<MemoryBlock> memory, ulong? said)
    {
        BlockPlacement placement = new(memory);
        if (memory.Count == 1 || said is not null)
        {
            IReadOnlyList<PlacedRun>? found = said is null ? placement.ByFirmwareMap() : null;
            IEnumerable<IReadOnlyList<PlacedRun>> others = LowMemory
                .Candidates(memory.Aggregate(0UL, (sum, block) => sum + block.Length), said)
                .Select(placement.SplitAt);
            return found is null ? others : [found, .. others.Where(runs => !runs.SequenceEqual(found))];
        }

        IReadOnlyList<PlacedRun>[] ways = [.. placement.OfSeveral()];
        string names = Printable(string.Join(", ", memory.Select(block => $"{block.Name} ({Size.Text(block.Length)})")));
        return ways.Length > 0 ? ways : throw new MemoryImageException(
            $"{file.Path}: {Name} whose memory is {memory.Count} blocks, {names}, and nothing in it says where each belongs "
            + $"({(placement.MapInWords is string map ? $"firmware's map: {map}" : "no firmware's map is in it")}): "
            + "take a dump that does (dump-guest-memory, virsh dump --memory-only)");
    }

    private static MemoryLayout Layout(IReadOnlyList<PlacedRun> runs, RamBlock? firmware, ulong missing)
    {
        string? description = runs switch
        {
            [{ Start.Value: 0 } all] => $"RAM block {all.Block.Name} from 0",
            [{ Start.Value: 0 } low, { Start.Value: FourGiB } high] when low.Block == high.Block
                => $"RAM block {low.Block.Name}, split at 0x{low.Length:x}, the rest from 4 GiB",
            _ => $"RAM blocks {Printable(MemoryLayout.Described(runs))}",
        };
        PlacedRun[] withFirmware = firmware is null ? [.. runs] : [.. runs, new PlacedRun(firmware, 0, firmware.Length, new(FourGiB - firmware.Length))];
        return MemoryLayout.Of(BlockPlacement.AreApart(withFirmware) ? withFirmware : runs, missing, description);
    }

    private List<RamBlock> ReadRam(ImageFile file, out bool isWhole)
    {
        StreamCursor stream = new(file, (ulong)Signature.Length);
        List<RamBlock> blocks = [];
        uint? ram = null;
        RamBlock? block = null;
        isWhole = false;
        while (!stream.IsPast)
        {
            ulong at = stream.At;
            byte section = stream.Byte();
            switch (section)
            {
                case Configuration:
                    stream.Skip(stream.Word32());
                    break;
                case Subsection:
                    SkipSubsection(file, stream);
                    break;
                case Command:
                    stream.Word16();
                    stream.Skip(stream.Word16());
                    break;
                case Footer:
                    stream.Word32();
                    break;
                case Start or Full:
                    uint id = stream.Word32();
                    string name = stream.Name();
                    stream.Skip(2 * sizeof(uint));
                    if (name != "ram")
                    {
                        // Devices come after RAM; what else is saved in parts has no length that lets it be passed over.
                        return ram is null ? throw Odd(file, at, $"a section {name} before RAM") : blocks;
                    }

                    ram = id;
                    ReadPages(file, stream, blocks, ref block);
                    break;
                case Part or Last:
                    if (stream.Word32() != ram)
                    {
                        throw Odd(file, at, "a part of a section that is not RAM");
                    }

                    ReadPages(file, stream, blocks, ref block);
                    if (section == Last && !stream.IsPast)
                    {
                        isWhole = true;
                        return blocks;
                    }

                    break;
                case End when stream.IsPast:
                    return blocks;
                default:
                    throw Odd(file, at, $"a section of the unknown kind 0x{section:x}");
            }
        }

        return blocks;
    }

    // A page may belong to the block of the page before it, also where that was in the section before.
    private void ReadPages(ImageFile file, StreamCursor stream, List<RamBlock> blocks, ref RamBlock? block)
    {
        while (!stream.IsPast)
        {
            ulong at = stream.At;
            ulong word = stream.Word64();
            ulong flags = word & (PageFrame.Size - 1);
            ulong address = word & ~(ulong)(PageFrame.Size - 1);
            if (stream.IsPast || (flags & EndOfSection) != 0)
            {
                return;
            }

            if ((flags & MemorySize) != 0)
            {
                ReadBlocks(file, stream, word & ~MemorySize, blocks);
                continue;
            }

            if (flags == Flush)
            {
                continue;
            }

            if ((flags & ~(ZeroPage | WholePage | Continues)) != 0 || (flags & (ZeroPage | WholePage)) is 0 or (ZeroPage | WholePage))
            {
                throw Odd(file, at, $"a page with the flags 0x{flags:x} (XBZRLE and compressed pages are not read)");
            }

            if ((flags & Continues) == 0)
            {
                string name = stream.Name();
                block = blocks.Find(known => string.Equals(known.Name, name, StringComparison.Ordinal));
            }

            if (block is null || address >= block.Length)
            {
                throw stream.IsPast ? Odd(file, at, "the end of the file") : Odd(file, at, $"a page at 0x{address:x} of no block");
            }

            ulong page = address >> PageFrame.Shift;
            if ((flags & ZeroPage) != 0)
            {
                byte fill = stream.Byte();
                if (!stream.IsPast)
                {
                    block.Fill(page, fill);
                }

                continue;
            }

            ulong place = stream.At;
            stream.Skip(PageFrame.Size);
            if (!stream.IsPast)
            {
                block.Store(page, place);
            }
        }
    }

    private void ReadBlocks(ImageFile file, StreamCursor stream, ulong total, List<RamBlock> blocks)
    {
        // Every page is in the stream, in 9 bytes at least: what claims more is no saved state.
        ulong most = (file.Length / FewestPageBytes) << PageFrame.Shift;
        while (total > 0 && !stream.IsPast)
        {
            ulong at = stream.At;
            string name = stream.Name();
            ulong length = stream.Word64();
            if (length == 0 || length > total || total > most + (1UL << 30) || length > most + (1UL << 30))
            {
                throw Odd(file, at, $"a RAM block {name} of 0x{length:x} bytes, of 0x{total:x} in all (mapped-ram and postcopy are not read)");
            }

            total -= length;
            blocks.Add(new(file, name, length));
        }
    }

    // What machine it was, which the stream's configuration ends with: its parts have no length, so only known ones are passed over.
    private void SkipSubsection(ImageFile file, StreamCursor stream)
    {
        ulong at = stream.At;
        string name = stream.Name();
        stream.Word32();
        switch (name)
        {
            case "configuration/target-page-bits":
                stream.Word32();
                break;
            case "configuration/capabilities":
                uint count = stream.Word32();
                for (uint i = 0; i < count && !stream.IsPast; i++)
                {
                    stream.Name();
                }

                break;
            case "configuration/uuid":
                stream.Skip(16);
                break;
            default:
                throw Odd(file, at, $"a part of its configuration named {name}");
        }
    }

    private MemoryImageException Odd(ImageFile file, ulong at, string what) =>
        new($"{file.Path}: {Name} (version {Version}) with {Printable(what)} at 0x{at:x}");

    private static string Printable(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
