using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Placement;

/// <summary>
/// What a flattened device tree says of the machine's memory (Devicetree Specification, 3.4 and 5): the boot loader hands it to the kernel, which keeps it
/// where it was.
/// </summary>
internal static class DeviceTree
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderBytes = 40;

    // The kernel takes no larger one of arm64 (Documentation/arch/arm64/booting.rst).
    private const uint MostBytes = 2 << 20;

    private const uint BeginNode = 1;
    private const uint EndNode = 2;
    private const uint Property = 3;
    private const uint Nothing = 4;
    private const uint OldestVersion = 16;
    private const int MostRanges = 1024;

    /// <summary>What it begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0xd0, 0x0d, 0xfe, 0xed];

    /// <summary>Its length by its header; null where that is no device tree's.</summary>
    public static int? Length(ReadOnlySpan<byte> header) => header.Length >= HeaderBytes && header.StartsWith(Signature)
        && Word(header, 4) is uint length and >= HeaderBytes and <= MostBytes && Word(header, 20) is uint version and >= OldestVersion
        && version < 256 && Word(header, 24) <= version && Word(header, 8) < length && Word(header, 12) < length
        ? (int)length : null;

    /// <summary>The memory that it describes, in order of address; null where it is damaged or describes none.</summary>
    /// <param name="tree">All of it.</param>
    public static IReadOnlyList<PhysicalRange>? Memory(ReadOnlySpan<byte> tree)
    {
        // Of the root: how many words of a "reg" are address and size.
        (int addressCells, int sizeCells) = (2, 1);
        List<PhysicalRange> ranges = [];
        byte[]? reg = null;
        bool isMemory = false;
        int depth = 0;
        for (int at = (int)Word(tree, 8); at >= 0 && at + sizeof(uint) <= tree.Length;)
        {
            uint token = Word(tree, at);
            at += sizeof(uint);
            switch (token)
            {
                case BeginNode:
                    int name = tree[at..].IndexOf((byte)0);
                    if (name < 0)
                    {
                        return null;
                    }

                    at = Aligned(at + name + 1);
                    depth++;
                    (reg, isMemory) = (null, false);
                    break;
                case EndNode:
                    if (depth == 2 && isMemory && reg is not null && !Add(ranges, reg, addressCells, sizeCells))
                    {
                        return null;
                    }

                    depth--;
                    (reg, isMemory) = (null, false);
                    break;
                case Property:
                    if (at + (2 * sizeof(uint)) > tree.Length)
                    {
                        return null;
                    }

                    uint length = Word(tree, at);
                    string? property = Name(tree, Word(tree, 12) + (ulong)Word(tree, at + sizeof(uint)));
                    at += 2 * sizeof(uint);
                    if (property is null || length > tree.Length - at)
                    {
                        return null;
                    }

                    ReadOnlySpan<byte> value = tree.Slice(at, (int)length);
                    switch (property)
                    {
                        case "#address-cells" when depth == 1 && length == sizeof(uint):
                            addressCells = (int)Math.Min(Word(value, 0), 2);
                            break;
                        case "#size-cells" when depth == 1 && length == sizeof(uint):
                            sizeCells = (int)Math.Min(Word(value, 0), 2);
                            break;
                        case "device_type" when depth == 2:
                            isMemory = value.SequenceEqual("memory\0"u8);
                            break;
                        case "reg" when depth == 2:
                            reg = value.ToArray();
                            break;
                    }

                    at = Aligned(at + (int)length);
                    break;
                case Nothing:
                    break;
                default:
                    // The end, or damage.
                    ranges.Sort((left, right) => left.Start.CompareTo(right.Start));
                    return ranges.Count > 0 && AreApart(ranges) ? ranges : null;
            }
        }

        return null;
    }

    private static bool Add(List<PhysicalRange> ranges, byte[] reg, int addressCells, int sizeCells)
    {
        int step = (addressCells + sizeCells) * sizeof(uint);
        for (int at = 0; step > 0 && at + step <= reg.Length; at += step)
        {
            ulong start = Number(reg, at, addressCells);
            ulong length = Number(reg, at + (addressCells * sizeof(uint)), sizeCells);
            if (ranges.Count == MostRanges || start % PageFrame.Size != 0 || length % PageFrame.Size != 0 || length > ulong.MaxValue - start)
            {
                return false;
            }

            if (length > 0)
            {
                ranges.Add(new(new(start), length));
            }
        }

        return true;
    }

    private static bool AreApart(List<PhysicalRange> ranges)
    {
        for (int i = 1; i < ranges.Count; i++)
        {
            if (ranges[i].Start.CompareTo(ranges[i - 1].Last) <= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static ulong Number(byte[] reg, int at, int cells)
    {
        ulong number = 0;
        for (int i = 0; i < cells; i++)
        {
            number = (number << 32) | Word(reg, at + (i * sizeof(uint)));
        }

        return number;
    }

    private static string? Name(ReadOnlySpan<byte> tree, ulong at)
    {
        const int Longest = 64;
        if (at >= (ulong)tree.Length)
        {
            return null;
        }

        ReadOnlySpan<byte> text = tree[(int)at..];
        int length = text[..Math.Min(text.Length, Longest)].IndexOf((byte)0);
        return length < 0 ? null : Encoding.ASCII.GetString(text[..length]);
    }

    private static int Aligned(int at) => (at + sizeof(uint) - 1) & ~(sizeof(uint) - 1);

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
