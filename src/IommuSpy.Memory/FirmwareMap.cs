using System.Buffers.Binary;

namespace IommuSpy.Memory;

/// <summary>
/// The machine's memory as firmware told it to the kernel: the e820 table of boot_params, which the boot loader leaves in memory and the kernel copies (Linux,
/// Documentation/arch/x86/zero-page.rst and boot.rst). Memory that is plugged in later is not in it.
/// </summary>
public sealed class FirmwareMap
{
    /// <summary>Bytes of boot_params up to the end of its e820 table.</summary>
    public const int BootParamsBytes = EntriesAt + (MostEntries * EntryBytes);

    /// <summary>Where the setup header's signature, "HdrS", stands in boot_params.</summary>
    internal const int SignatureAt = 0x202;

    private const int CountAt = 0x1e8;
    private const int BootFlagAt = 0x1fe;
    private const int EntriesAt = 0x2d0;
    private const int EntryBytes = 20;
    private const int MostEntries = 128;
    private const ulong FourGiB = 1UL << 32;
    private const ulong MostAddress = 1UL << 52;
    private const ulong Megabyte = 1UL << 20;

    // Usable, and ACPI's tables and storage, which firmware takes from RAM (ACPI 6.5, 15: address range types).
    private const uint Usable = 1;
    private const uint AcpiTables = 3;
    private const uint AcpiStorage = 4;

    private FirmwareMap(List<Entry> entries)
    {
        Ram = [.. entries.Where(entry => entry.Type == Usable).Select(entry => new PhysicalRange(new(entry.Start), entry.Length))];
        LowEnd = entries.Where(entry => entry.IsRam && entry.End <= FourGiB).Max(entry => entry.End);
        LowMost = LowEnd;
        List<PhysicalRange> high = [];
        foreach (Entry entry in entries)
        {
            // What firmware keeps of the end of RAM is reserved, and so is what lies in RAM further up.
            LowMost = entry.Start == LowMost && entry.End <= FourGiB ? entry.End : LowMost;
            if (entry.Start >= FourGiB && entry.IsRam)
            {
                bool goesOn = high.Count > 0 && high[^1].Start.Value + high[^1].Length is ulong end
                    && (entry.Start == end || entries.Exists(between => between.Start == end && between.End == entry.Start));
                if (goesOn)
                {
                    high[^1] = high[^1] with { Length = entry.End - high[^1].Start.Value };
                }
                else
                {
                    high.Add(new(new(entry.Start), entry.Length));
                }
            }
        }

        High = high;
    }

    /// <summary>What the kernel may use, in order.</summary>
    public IReadOnlyList<PhysicalRange> Ram { get; }

    /// <summary>The last address below 4 GiB, exclusive, that is surely RAM.</summary>
    private ulong LowEnd { get; }

    /// <summary>The last that may be: reserved memory that touches <see cref="LowEnd"/> counts.</summary>
    private ulong LowMost { get; }

    /// <summary>RAM from 4 GiB on.</summary>
    private IReadOnlyList<PhysicalRange> High { get; }

    /// <summary>
    /// Whether boot_params has a setup header: from its signature on, fields stand where the boot protocol has them (Documentation/arch/x86/boot.rst).
    /// </summary>
    /// <param name="bootParams">boot_params, or its beginning.</param>
    public static bool HasSetupHeader(ReadOnlySpan<byte> bootParams) => bootParams.Length > SignatureAt && bootParams[SignatureAt..].StartsWith("HdrS"u8);

    /// <summary>Reads the table, or null where it is none: no boot_params, or no map of a machine with memory at 1 MiB.</summary>
    /// <param name="bootParams">boot_params: <see cref="BootParamsBytes"/> bytes.</param>
    public static FirmwareMap? Read(ReadOnlySpan<byte> bootParams)
    {
        if (bootParams.Length < BootParamsBytes || !HasSetupHeader(bootParams)
            || BinaryPrimitives.ReadUInt16LittleEndian(bootParams[BootFlagAt..]) != 0xaa55
            || bootParams[CountAt] is 0 or > MostEntries)
        {
            return null;
        }

        List<Entry> entries = [];
        for (int i = 0; i < bootParams[CountAt]; i++)
        {
            ReadOnlySpan<byte> bytes = bootParams.Slice(EntriesAt + (i * EntryBytes), EntryBytes);
            Entry entry = new(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));
            if (entry.Start >= MostAddress || entry.Length > MostAddress - entry.Start || entry.Type == 0)
            {
                return null;
            }

            if (entry.Length > 0)
            {
                entries.Add(entry);
            }
        }

        // Firmware may list what it reserves in the middle of RAM once more; RAM in two places at once is no machine's.
        entries.Sort((left, right) => left.Start.CompareTo(right.Start));
        List<Entry> ram = [.. entries.Where(entry => entry.IsRam)];
        return ram.Zip(ram.Skip(1)).All(pair => pair.First.End <= pair.Second.Start)
            && entries.Exists(entry => entry.Type == Usable && entry.Start <= Megabyte && entry.End > Megabyte && entry.End <= FourGiB) ? new(entries) : null;
    }

    /// <summary>Where so many bytes of RAM stand, one behind the other, if that is all of the machine's; null where the map has more or less.</summary>
    internal IReadOnlyList<PhysicalRange>? Places(ulong bytes)
    {
        ulong high = High.Aggregate(0UL, (sum, range) => sum + range.Length);
        ulong low = unchecked(bytes - high);
        return bytes > high && low >= LowEnd && low <= LowMost ? [new(new(0), low), .. High] : null;
    }

    /// <summary>Where the machine's RAM stands, with all that firmware keeps of it.</summary>
    internal IReadOnlyList<PhysicalRange> AllPlaces => [new(new(0), LowMost), .. High];

    /// <summary>The map in words: "512 MiB from 0, 128 MiB from 0x100000000".</summary>
    public override string ToString() => string.Join(", ", AllPlaces.Select(range =>
        $"{Size.Text(range.Length)} from {(range.Start.Value == 0 ? "0" : $"0x{range.Start.Value:x}")}"));

    private readonly record struct Entry(ulong Start, ulong Length, uint Type)
    {
        public ulong End => Start + Length;

        public bool IsRam => Type is Usable or AcpiTables or AcpiStorage;
    }
}
