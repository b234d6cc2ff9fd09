using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Testing.Types;

/// <summary>
/// Writes BTF blobs (Documentation/bpf/btf.rst). Types are numbered from 1, or of a split blob from where its base ends, in the order of the calls.
/// </summary>
public sealed class BtfBuilder
{
    private const int HeaderBytes = 24;
    private const int HeaderBytesWithLayouts = 32;

    private readonly List<byte> _types = [];
    private readonly List<byte> _strings = [];
    private readonly List<byte> _layouts = [];
    private readonly uint _firstString;
    private uint _nextId = 1;

    /// <summary>Begins a blob.</summary>
    /// <param name="baseBlob">Of a split blob, what it goes on from.</param>
    public BtfBuilder(BtfBuilder? baseBlob = null)
    {
        if (baseBlob is null)
        {
            _strings.Add(0);
        }
        else
        {
            _nextId = baseBlob._nextId;
            _firstString = (uint)baseBlob._strings.Count;
        }
    }

    /// <summary>A member of a structure: its bit-field size is 0 for what is no bit-field.</summary>
    public readonly record struct Member(string Name, uint Type, uint BitOffset, int BitSize = 0);

    /// <summary>An integer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">sizeof.</param>
    /// <param name="encoding">1 signed, 2 character, 4 boolean.</param>
    /// <param name="bits">How many bits of it there are; 0 for all. Old bit-fields have fewer.</param>
    /// <param name="bitOffset">Where they begin.</param>
    public uint Integer(string name, uint bytes, uint encoding = 0, uint bits = 0, uint bitOffset = 0) =>
        Add(name, 1, 0, false, bytes, (encoding << 24) | (bitOffset << 16) | (bits == 0 ? bytes * 8 : bits));

    /// <summary>A type that refers to another: 2 pointer, 8 typedef, 9 volatile, 10 const, 11 restrict, 12 function, 18 type tag.</summary>
    public uint Reference(int kind, uint target, string name = "") => Add(name, kind, 0, false, target);

    /// <summary>An array.</summary>
    public uint Array(uint element, uint count) => Add("", 3, 0, false, 0, element, 0, count);

    /// <summary>A structure (kind 4) or union (kind 5).</summary>
    /// <param name="name">Its tag.</param>
    /// <param name="bytes">sizeof.</param>
    /// <param name="members">Its members. With any bit-field among them, the blob says so with the flag.</param>
    /// <param name="kind">4 or 5.</param>
    public uint Struct(string name, uint bytes, Member[] members, int kind = 4)
    {
        bool flag = members.Any(member => member.BitSize > 0);
        return Add(name, kind, members.Length, flag, bytes, [.. members.SelectMany(member =>
            (uint[])[String(member.Name), member.Type, flag ? member.BitOffset | ((uint)member.BitSize << 24) : member.BitOffset])]);
    }

    /// <summary>An enumeration.</summary>
    public uint Enum(string name, (string Name, int Value)[] values, bool signed = false) =>
        Add(name, 6, values.Length, signed, 4, [.. values.SelectMany(value => (uint[])[String(value.Name), (uint)value.Value])]);

    /// <summary>An enumeration of 64-bit values.</summary>
    public uint Enum64(string name, (string Name, ulong Value)[] values, bool signed = false) =>
        Add(name, 19, values.Length, signed, 8, [.. values.SelectMany(value => (uint[])[String(value.Name), (uint)value.Value, (uint)(value.Value >> 32)])]);

    /// <summary>What is only declared.</summary>
    public uint Forward(string name, bool isUnion = false) => Add(name, 7, 0, isUnion, 0);

    /// <summary>The type of a function.</summary>
    public uint Prototype(uint result, params uint[] parameters) =>
        Add("", 13, parameters.Length, false, result, [.. parameters.SelectMany(parameter => (uint[])[0, parameter])]);

    /// <summary>Any other type.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="count">What it says of how many elements it has.</param>
    /// <param name="flag">Its flag.</param>
    /// <param name="sizeOrType">Its third word.</param>
    /// <param name="rest">What follows.</param>
    public uint Add(string name, int kind, int count, bool flag, uint sizeOrType, params uint[] rest)
    {
        uint[] words = [String(name), (uint)count | ((uint)kind << 24) | (flag ? 0x8000_0000 : 0), sizeOrType, .. rest];
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        foreach (uint word in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
            _types.AddRange(bytes);
        }

        return _nextId++;
    }

    /// <summary>Says how large types of a kind are, for readers that do not know it; of kinds below it nothing is said.</summary>
    public void Layout(int kind, byte fixedBytes, byte elementBytes)
    {
        while (_layouts.Count < kind * 4)
        {
            _layouts.AddRange([0, 0, 0, 0]);
        }

        _layouts.AddRange([fixedBytes, elementBytes, 0, 0]);
    }

    /// <summary>The blob.</summary>
    public byte[] Build()
    {
        int header = _layouts.Count > 0 ? HeaderBytesWithLayouts : HeaderBytes;
        byte[] blob = [.. new byte[header], .. _types, .. _layouts, .. _strings];
        blob[0] = 0x9f;
        blob[1] = 0xeb;
        blob[2] = 1;
        uint[] words = [(uint)header, 0, (uint)_types.Count, (uint)(_types.Count + _layouts.Count), (uint)_strings.Count, (uint)_types.Count,
            (uint)_layouts.Count];
        for (int i = 0; i < (header - 4) / 4; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(4 + (i * 4)), words[i]);
        }

        return blob;
    }

    private uint String(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        uint at = _firstString + (uint)_strings.Count;
        _strings.AddRange(Encoding.ASCII.GetBytes(text));
        _strings.Add(0);
        return at;
    }
}
