using System.Buffers.Binary;
using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Finds the addresses that belong to the names. Every place and rule that some kernel uses is tried; what decides is the addresses themselves: in
/// ascending order, the text inside the image, linux_banner where the banner is.
/// </summary>
internal static class AddressSectionFinder
{
    /// <summary>Of text symbols, how many in a thousand may lie outside the image (a vsyscall page, say).</summary>
    private const int MostOutside = 1;

    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    /// <summary>Every section that passes, with its addresses. More than one means that the image does not say which is right.</summary>
    public static List<(AddressSection Section, ulong[] Addresses, string Evidence)> FindAll(
        ReadOnlySpan<byte> image, VirtualAddress imageStart, NameSection names, NameIndex index, CompressedNames types, out string failures)
    {
        var found = new List<(AddressSection, ulong[], string)>();
        var reasons = new List<string>();
        foreach (AddressSection section in Conjectures(image, names, types.Tokens))
        {
            ulong[] addresses = Decode(image, imageStart, section, names.Count);
            string? evidence = Confirm(image, imageStart, addresses, types, index, out string failure);
            if (evidence is null)
            {
                reasons.Add($"{section.Rule} at image offset 0x{section.Offset:x}: {failure}");
            }
            else
            {
                found.Add((section, addresses, evidence));
            }
        }

        failures = string.Join("; ", reasons);
        return found;
    }

    private static List<AddressSection> Conjectures(ReadOnlySpan<byte> image, NameSection names, TokenTable tokens)
    {
        // write_src aligns every array alike, to 8 bytes before 7.0 and to 4 since. The arrays in hand tell which.
        int alignment = ((names.NamesOffset | names.MarkersOffset | tokens.Offset | tokens.IndexOffset) & 7) == 0 ? 8 : 4;
        long offsets = Align((long)names.Count * sizeof(int), alignment);
        long addresses = (long)names.Count * sizeof(ulong);
        var conjectures = new List<AddressSection>();

        long end = names.CountOffset;
        Add(image, KallsymsOrder.AddressesFirst, end - addresses, addresses);
        AddRelative(image, KallsymsOrder.AddressesFirst, end - sizeof(ulong) - offsets, end - sizeof(ulong));
        AddPlaceRelative(image, KallsymsOrder.AddressesFirst, end - offsets);

        // 6.4 put kallsyms_seqs_of_names last; trees that backported one of the two changes may have it first.
        long start = tokens.IndexOffset + TokenTable.IndexSize;
        foreach (long first in (ReadOnlySpan<long>)[start, Align(start + ((long)names.Count * NameSectionFinder.SequenceSize), alignment)])
        {
            Add(image, KallsymsOrder.AddressesLast, first, addresses);
            AddRelative(image, KallsymsOrder.AddressesLast, first, first + offsets);
            AddPlaceRelative(image, KallsymsOrder.AddressesLast, first);
        }

        return conjectures;

        void Add(ReadOnlySpan<byte> image, KallsymsOrder order, long offset, long length)
        {
            if (offset >= 0 && offset + length <= image.Length)
            {
                conjectures.Add(new AddressSection(order, AddressRule.Absolute, (int)offset, default));
            }
        }

        void AddRelative(ReadOnlySpan<byte> image, KallsymsOrder order, long offset, long baseOffset)
        {
            if (offset < 0 || baseOffset + sizeof(ulong) > image.Length)
            {
                return;
            }

            var relativeBase = new VirtualAddress(BinaryPrimitives.ReadUInt64LittleEndian(image[(int)baseOffset..]));
            if (SymbolTable.IsKernelHalf(relativeBase))
            {
                conjectures.Add(new AddressSection(order, AddressRule.BaseRelative, (int)offset, relativeBase));
                conjectures.Add(new AddressSection(order, AddressRule.AbsolutePercpu, (int)offset, relativeBase));
            }
        }

        void AddPlaceRelative(ReadOnlySpan<byte> image, KallsymsOrder order, long offset)
        {
            if (offset >= 0 && offset + ((long)names.Count * sizeof(int)) <= image.Length)
            {
                conjectures.Add(new AddressSection(order, AddressRule.PlaceRelative, (int)offset, default));
            }
        }
    }

    private static long Align(long value, int alignment) => (value + alignment - 1) & -alignment;

    private static ulong[] Decode(ReadOnlySpan<byte> image, VirtualAddress imageStart, AddressSection section, int count)
    {
        var addresses = GC.AllocateUninitializedArray<ulong>(count);
        ReadOnlySpan<byte> bytes = image[section.Offset..];
        if (section.Rule == AddressRule.Absolute)
        {
            MemoryMarshal.Cast<byte, ulong>(bytes)[..count].CopyTo(addresses);
            return addresses;
        }

        ReadOnlySpan<int> offsets = MemoryMarshal.Cast<byte, int>(bytes)[..count];
        ulong origin = section.RelativeBase.Value;
        switch (section.Rule)
        {
            case AddressRule.BaseRelative:
                for (int i = 0; i < offsets.Length; i++)
                {
                    addresses[i] = unchecked(origin + (uint)offsets[i]);
                }

                break;
            case AddressRule.AbsolutePercpu:
                for (int i = 0; i < offsets.Length; i++)
                {
                    addresses[i] = offsets[i] >= 0 ? (ulong)offsets[i] : unchecked(origin - 1 - (ulong)(long)offsets[i]);
                }

                break;
            default:
                origin = (imageStart + (ulong)section.Offset).Value;
                for (int i = 0; i < offsets.Length; i++)
                {
                    addresses[i] = unchecked(origin + ((ulong)i * sizeof(int)) + (ulong)(long)offsets[i]);
                }

                break;
        }

        return addresses;
    }

    /// <summary>What confirms the addresses, or null and what speaks against them.</summary>
    private static string? Confirm(
        ReadOnlySpan<byte> image, VirtualAddress imageStart, ulong[] addresses, CompressedNames names, NameIndex index, out string failure)
    {
        ulong previous = 0;
        int text = 0;
        int outside = 0;
        for (int i = 0; i < addresses.Length; i++)
        {
            char type = names.TypeOf(i);
            if (type is 'A' or 'a')
            {
                // Sorted with the rest at build time, but not moved by KASLR.
                continue;
            }

            ulong address = addresses[i];
            if (address < previous)
            {
                failure = $"not in ascending order at symbol {i}";
                return null;
            }

            previous = address;
            if (type is 'T' or 't')
            {
                text++;
                outside += unchecked(address - imageStart.Value) >= (ulong)image.Length ? 1 : 0;
            }
        }

        if (text == 0 || (long)outside * 1000 > (long)text * MostOutside)
        {
            failure = $"{outside} of {text} text symbols outside the image";
            return null;
        }

        // CONFIG_KALLSYMS_ALL off: only text symbols, no banner. Then all that can be said is that the text starts in the image.
        bool hasBanner = false;
        for (int i = index.Find("linux_banner"); i >= 0; i = index.Find("linux_banner", i))
        {
            hasBanner = true;
            ulong offset = unchecked(addresses[i] - imageStart.Value);
            if (offset < (ulong)image.Length && image[(int)offset..].StartsWith(Banner))
            {
                failure = "";
                return $"ascending; {text - outside} of {text} text symbols in the image; \"Linux version \" at linux_banner";
            }
        }

        int start = index.Find("_stext") is var stext and >= 0 ? stext : index.Find("_text");
        if (hasBanner || start < 0 || unchecked(addresses[start] - imageStart.Value) >= (ulong)image.Length)
        {
            failure = hasBanner ? "no \"Linux version \" at linux_banner" : "no _stext or _text in the image";
            return null;
        }

        failure = "";
        return $"ascending; {text - outside} of {text} text symbols in the image; no linux_banner symbol to check";
    }
}
