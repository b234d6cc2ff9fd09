using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>A device's own entry, for showing.</summary>
/// <param name="EntryAddress">Where it stands; null for one that a log shows.</param>
/// <param name="Words">Its quadwords.</param>
/// <param name="Set">The fields that are set: "V", "mode 4", "domain 5"; empty where they are not named (VT-d).</param>
/// <param name="Reserved">What is reserved and set: "bits 0x7c of word 0"; empty where nothing is.</param>
public sealed record FaultEntry(PhysicalAddress? EntryAddress, IReadOnlyList<HexValue> Words, IReadOnlyList<string> Set, IReadOnlyList<string> Reserved)
{
    // AMD 48882, 2.2.2.1: bits of the first three quadwords that are fields of a single bit.
    private static readonly (int Word, int Bit, string Name)[] Flags =
    [
        (0, 0, "V"), (0, 1, "TV"), (0, 52, "PPR"), (0, 53, "GPRP"), (0, 54, "GIoV"), (0, 55, "GV"), (0, 61, "IR"), (0, 62, "IW"),
        (1, 32, "I"), (1, 33, "SE"), (1, 34, "SA"), (1, 37, "Cache"), (1, 38, "SD"), (1, 39, "EX"),
        (2, 0, "IV"), (2, 5, "IG"), (2, 56, "InitPass"), (2, 57, "EIntPass"), (2, 58, "NMIPass"), (2, 62, "Lint0Pass"), (2, 63, "Lint1Pass"),
    ];

    private static readonly (int Word, int Shift, int Bits, string Name)[] BitFields =
        [(0, 7, 2, "HAD"), (0, 9, 3, "mode"), (1, 0, 16, "domain"), (1, 35, 2, "IoCtl"), (1, 40, 2, "SysMgt"), (2, 1, 4, "IntTabLen"), (2, 60, 2, "IntCtl")];

    internal static FaultEntry OfAmdVi(PhysicalAddress? address, IReadOnlyList<ulong> words)
    {
        List<string> set = [.. Flags.Where(flag => flag.Word < words.Count && (words[flag.Word] >> flag.Bit & 1) != 0).Select(flag => flag.Name)];
        set.AddRange(BitFields.Where(field => field.Word < words.Count && Value(words, field) != 0).Select(field => $"{field.Name} {Value(words, field)}"));
        List<string> reserved = [];
        for (int word = 0; word < words.Count; word++)
        {
            if ((words[word] & AmdViDeviceEntry.ReservedBits(word)) is ulong bits and not 0)
            {
                reserved.Add($"bits 0x{bits:x} of word {word}");
            }
        }

        IEnumerable<(int Word, int Shift, int Bits, string Name)> present = BitFields.Where(field => field.Word < words.Count);
        reserved.AddRange(present.Where(field => IsReserved(field.Name, Value(words, field))).Select(field => $"{field.Name} {Value(words, field)}"));
        return new(address, [.. words.Select(word => new HexValue(word))], set, reserved);
    }

    internal static FaultEntry OfVtd(PhysicalAddress address, IReadOnlyList<ulong> words) =>
        new(address, [.. words.Select(word => new HexValue(word))], [], []);

    private static ulong Value(IReadOnlyList<ulong> words, (int Word, int Shift, int Bits, string Name) field) =>
        words[field.Word] >> field.Shift & ((1UL << field.Bits) - 1);

    private static bool IsReserved(string name, ulong value) =>
        (name is "mode" && value == 7) || (name is "IntCtl" && value == 3) || (name is "IoCtl" && value == 3);
}
