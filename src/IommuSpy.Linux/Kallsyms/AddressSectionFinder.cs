using System.Buffers.Binary;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Finds the addresses that belong to the names. Every place and rule that some kernel uses is tried; what decides is the addresses themselves
/// (<see cref="AddressCheck"/>).
/// </summary>
internal static class AddressSectionFinder
{
    /// <summary>Every section that passes, with its addresses. More than one means that the image does not say which is right.</summary>
    /// <param name="image">The kernel image.</param>
    /// <param name="imageStart">Where image[0] is mapped.</param>
    /// <param name="section">Where the names are.</param>
    /// <param name="names">The names.</param>
    /// <param name="index">Finds a symbol by name.</param>
    /// <param name="failures">What speaks against the places and rules that did not pass.</param>
    public static List<ConfirmedAddresses> FindAll(
        ReadOnlySpan<byte> image, VirtualAddress imageStart, NameSection section, CompressedNames names, NameIndex index, out string failures)
    {
        var found = new List<ConfirmedAddresses>();
        var reasons = new List<string>();
        var check = new AddressCheck(image, imageStart, names, index);
        ulong[]? buffer = null;
        foreach (AddressSection conjecture in Conjectures(image, section, names.Tokens))
        {
            // One buffer serves all conjectures that fail.
            buffer ??= GC.AllocateUninitializedArray<ulong>(names.Count);
            if (check.TryDecode(conjecture, buffer, out string verdict))
            {
                found.Add(new ConfirmedAddresses(conjecture, buffer, verdict));
                buffer = null;
            }
            else
            {
                reasons.Add($"{conjecture.Rule} at image offset 0x{conjecture.Offset:x}: {verdict}");
            }
        }

        failures = string.Join("; ", reasons);
        return found;
    }

    private static List<AddressSection> Conjectures(ReadOnlySpan<byte> image, NameSection names, TokenTable tokens)
    {
        // write_src aligns every array alike, to 8 bytes before 7.0 and to 4 since. The arrays in hand tell which.
        int alignment = ((names.NamesOffset | names.MarkersOffset | tokens.Offset | tokens.IndexOffset) & 7) == 0 ? 8 : 4;
        long addresses = (long)names.Count * sizeof(ulong);
        long offsets = Align((long)names.Count * sizeof(int), alignment);
        long end = names.CountOffset;
        long start = tokens.IndexOffset + TokenTable.IndexSize;

        // 6.4 put kallsyms_seqs_of_names last; a tree that backported only one of the two changes may have it first.
        long afterSequences = Align(start + ((long)names.Count * NameSectionFinder.SequenceSize), alignment);

        var conjectures = new List<AddressSection>();
        Add(image, KallsymsOrder.AddressesFirst, end - addresses, end - sizeof(ulong) - offsets, end - sizeof(ulong), end - offsets);
        Add(image, KallsymsOrder.AddressesLast, start, start, start + offsets, start);
        Add(image, KallsymsOrder.AddressesLast, afterSequences, afterSequences, afterSequences + offsets, afterSequences);
        return conjectures;

        void Add(ReadOnlySpan<byte> image, KallsymsOrder order, long absolute, long relative, long relativeBase, long placeRelative)
        {
            if (absolute >= 0 && absolute + addresses <= image.Length)
            {
                conjectures.Add(new AddressSection(order, AddressRule.Absolute, (int)absolute, default));
            }

            if (placeRelative >= 0 && placeRelative + offsets <= image.Length)
            {
                conjectures.Add(new AddressSection(order, AddressRule.PlaceRelative, (int)placeRelative, default));
            }

            if (relative >= 0 && relativeBase + sizeof(ulong) <= image.Length)
            {
                var origin = new VirtualAddress(BinaryPrimitives.ReadUInt64LittleEndian(image[(int)relativeBase..]));
                if (SymbolTable.IsKernelHalf(origin))
                {
                    conjectures.Add(new AddressSection(order, AddressRule.BaseRelative, (int)relative, origin));
                    conjectures.Add(new AddressSection(order, AddressRule.AbsolutePercpu, (int)relative, origin));
                }
            }
        }
    }

    private static long Align(long value, int alignment) => (value + alignment - 1) & -alignment;
}
