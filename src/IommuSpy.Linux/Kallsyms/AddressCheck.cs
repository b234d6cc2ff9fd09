using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Decodes addresses by one rule and checks them on the way: they ascend, as the build sorted them; the text lies inside the image; what a
/// well-known variable holds stands where they say, or, in a kernel whose kallsyms lists functions only, the text starts in the image.
/// </summary>
internal readonly ref struct AddressCheck
{
    /// <summary>Of a thousand text symbols, how many may lie outside the image (a vsyscall page, say).</summary>
    private const int MostOutside = 1;

    /// <summary>Addresses decoded before they are looked at: a wrong rule mostly shows at once.</summary>
    private const int Part = 1024;

    /// <summary>System calls that are looked at, of the more than 300 that there are.</summary>
    private const int SystemCalls = 64;

    private readonly ReadOnlySpan<byte> _image;
    private readonly VirtualAddress _imageStart;
    private readonly CompressedNames _names;
    private readonly NameIndex _index;

    public AddressCheck(ReadOnlySpan<byte> image, VirtualAddress imageStart, CompressedNames names, NameIndex index)
    {
        _image = image;
        _imageStart = imageStart;
        _names = names;
        _index = index;
    }

    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    /// <summary>
    /// Fills <paramref name="addresses"/>, one for each name. <paramref name="verdict"/> says what confirms them, or else what speaks against them.
    /// </summary>
    public bool TryDecode(AddressSection section, ulong[] addresses, out string verdict)
    {
        ulong previous = 0;
        int text = 0;
        int outside = 0;
        for (int from = 0; from < addresses.Length; from += Part)
        {
            Span<ulong> part = addresses.AsSpan(from, Math.Min(Part, addresses.Length - from));
            Decode(section, from, part);
            for (int i = 0; i < part.Length; i++)
            {
                char type = _names.TypeOf(from + i);
                if (type is 'A' or 'a')
                {
                    // Sorted with the rest when built, but not moved with the rest by KASLR.
                    continue;
                }

                if (part[i] < previous)
                {
                    verdict = $"not in ascending order at symbol {from + i}";
                    return false;
                }

                previous = part[i];
                if (type is 'T' or 't')
                {
                    text++;
                    outside += IsInImage(previous) ? 0 : 1;
                }
            }

            // More than the whole table could excuse: no need to see the rest.
            if ((long)outside * 1000 > (long)addresses.Length * MostOutside)
            {
                break;
            }
        }

        if (text == 0 || (long)outside * 1000 > (long)text * MostOutside)
        {
            verdict = $"{outside} of {text} text symbols outside the image";
            return false;
        }

        verdict = $"ascending; {text - outside} of {text} text symbols in the image; ";
        bool passed = CheckVariables(addresses, out string variables);
        verdict += variables;
        return passed;
    }

    // One that holds what it should is enough: any of them may be spoiled, or spoiled on purpose.
    private bool CheckVariables(ulong[] addresses, out string verdict)
    {
        int banner = _index.Find("linux_banner");
        int names = _index.Find("init_uts_ns");
        if (banner < 0 && names < 0)
        {
            // CONFIG_KALLSYMS_ALL is off.
            int i = _index.Find("_stext") is var start and >= 0 ? start : _index.Find("_text");
            bool inside = i >= 0 && IsInImage(addresses[i]);
            verdict = inside ? "no linux_banner to check" : "no linux_banner, and no _stext or _text in the image";
            return inside;
        }

        for (int i = banner; i >= 0; i = _index.Find("linux_banner", i))
        {
            if (IsInImage(addresses[i]) && At(addresses[i]).StartsWith(Banner))
            {
                verdict = "\"Linux version \" at linux_banner";
                return true;
            }
        }

        verdict = "no \"Linux version \" at linux_banner";
        if (names >= 0 && IsInImage(addresses[names]) && UtsName.After(At(addresses[names])) is not null)
        {
            verdict += ", but a system's names at init_uts_ns";
            return true;
        }

        if (CallsAreText(addresses))
        {
            verdict += ", but addresses of text symbols at sys_call_table";
            return true;
        }

        return false;
    }

    // Most of the first system calls are functions of the table: absolute addresses, which the kernel moved when it moved itself.
    private bool CallsAreText(ulong[] addresses)
    {
        int table = _index.Find("sys_call_table");
        if (table < 0 || !IsInImage(addresses[table]) || At(addresses[table]).Length < SystemCalls * sizeof(ulong))
        {
            return false;
        }

        ReadOnlySpan<ulong> calls = MemoryMarshal.Cast<byte, ulong>(At(addresses[table])[..(SystemCalls * sizeof(ulong))]);
        HashSet<ulong> asked = [.. calls];
        HashSet<ulong> text = [];
        for (int i = 0; i < addresses.Length; i++)
        {
            if (asked.Contains(addresses[i]) && _names.TypeOf(i) is ('T' or 't' or 'W' or 'w'))
            {
                text.Add(addresses[i]);
            }
        }

        int known = 0;
        foreach (ulong call in calls)
        {
            known += text.Contains(call) ? 1 : 0;
        }

        return known >= SystemCalls / 4 * 3;
    }

    private ReadOnlySpan<byte> At(ulong address) => _image[(int)OffsetOf(address)..];

    private ulong OffsetOf(ulong address) => unchecked(address - _imageStart.Value);

    private bool IsInImage(ulong address) => OffsetOf(address) < (ulong)_image.Length;

    /// <summary>Entries <paramref name="from"/> and on, as many as there is room for.</summary>
    private void Decode(AddressSection section, int from, Span<ulong> addresses)
    {
        if (section.Rule == AddressRule.Absolute)
        {
            MemoryMarshal.Cast<byte, ulong>(_image[(section.Offset + (from * sizeof(ulong)))..])[..addresses.Length].CopyTo(addresses);
            return;
        }

        int first = section.Offset + (from * sizeof(int));
        ReadOnlySpan<int> offsets = MemoryMarshal.Cast<byte, int>(_image[first..])[..addresses.Length];
        ulong origin = section.RelativeBase.Value;
        switch (section.Rule)
        {
            case AddressRule.BaseRelative:
                for (int i = 0; i < addresses.Length; i++)
                {
                    addresses[i] = unchecked(origin + (uint)offsets[i]);
                }

                break;
            case AddressRule.AbsolutePercpu:
                for (int i = 0; i < addresses.Length; i++)
                {
                    addresses[i] = offsets[i] >= 0 ? (ulong)offsets[i] : unchecked(origin - 1 - (ulong)(long)offsets[i]);
                }

                break;
            default:
                origin = (_imageStart + (ulong)first).Value;
                for (int i = 0; i < addresses.Length; i++)
                {
                    addresses[i] = unchecked(origin + ((ulong)i * sizeof(int)) + (ulong)(long)offsets[i]);
                }

                break;
        }
    }
}
