using System.Runtime.CompilerServices;
using System.Text;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Every type letter and name, compressed as the kernel keeps them: a length, then that many tokens, whose first character is the type.
/// About ten bytes a symbol, decoded when asked for.
/// </summary>
internal sealed class CompressedNames
{
    /// <summary>Decoded bytes of the longest name; the kernel's own limit is 512 (KSYM_NAME_LEN), 128 before 6.1.</summary>
    public const int LongestName = 2048;

    /// <summary>Bytes that decoding a name needs: the type letter, the name, and what a whole vector may write beyond it.</summary>
    public const int BufferSize = 1 + LongestName + 16;

    private readonly byte[] _names;
    private readonly TokenTable _tokens;

    /// <summary>Where each symbol starts, with its length.</summary>
    private readonly int[] _starts;

    private readonly byte[] _types;
    private readonly bool _twoByteLengths;

    /// <summary>Copies the names out of the image. <paramref name="section"/> must have been checked against the same bytes.</summary>
    public CompressedNames(ReadOnlySpan<byte> image, NameSection section, TokenTable tokens)
    {
        _names = image.Slice(section.NamesOffset, section.NamesLength).ToArray();
        _tokens = tokens;
        _twoByteLengths = section.TwoByteLengths;
        _starts = GC.AllocateUninitializedArray<int>(section.Count);
        _types = GC.AllocateUninitializedArray<byte>(section.Count);

        Span<byte> firstLetters = stackalloc byte[TokenTable.Count];
        for (int code = 0; code < TokenTable.Count; code++)
        {
            firstLetters[code] = tokens[(byte)code][0];
        }

        byte[] names = _names;
        int position = 0;
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = position;
            int length = ReadLength(names, ref position);
            _types[i] = firstLetters[names[position]];
            position += length;
        }
    }

    /// <summary>Number of symbols.</summary>
    public int Count => _starts.Length;

    /// <summary>The strings that the tokens stand for.</summary>
    public TokenTable Tokens => _tokens;

    /// <summary>nm's type letter of symbol <paramref name="index"/>.</summary>
    public char TypeOf(int index) => (char)_types[index];

    /// <summary>The tokens of symbol <paramref name="index"/>: the type letter and the name.</summary>
    public ReadOnlySpan<byte> TokensOf(int index)
    {
        int position = _starts[index];
        int length = ReadLength(_names, ref position);
        return _names.AsSpan(position, length);
    }

    /// <summary>Decodes the name into <paramref name="buffer"/>, of <see cref="BufferSize"/> bytes, and returns the part that holds it.</summary>
    public ReadOnlySpan<byte> Decode(int index, Span<byte> buffer) => buffer[1.._tokens.Expand(TokensOf(index), buffer)];

    /// <summary>The name of symbol <paramref name="index"/>.</summary>
    [SkipLocalsInit] // Clearing the buffer would cost as much as decoding into it.
    public string NameOf(int index)
    {
        Span<byte> buffer = stackalloc byte[BufferSize];
        return Encoding.Latin1.GetString(Decode(index, buffer));
    }

    /// <summary>Whether symbol <paramref name="index"/> is called <paramref name="name"/>; decodes no further than the first difference.</summary>
    public bool NameIs(int index, ReadOnlySpan<byte> name)
    {
        bool first = true;
        foreach (byte code in TokensOf(index))
        {
            ReadOnlySpan<byte> text = first ? _tokens[code][1..] : _tokens[code];
            first = false;
            if (!name.StartsWith(text))
            {
                return false;
            }

            name = name[text.Length..];
        }

        return name.IsEmpty;
    }

    /// <summary>Whether both decode to the same list, as copies of one table do.</summary>
    public bool SameAs(CompressedNames other) => _names.AsSpan().SequenceEqual(other._names) && _tokens.SameAs(other._tokens);

    private int ReadLength(byte[] names, ref int position)
    {
        int length = names[position++];
        return length >= 0x80 && _twoByteLengths ? (length & 0x7f) | (names[position++] << 7) : length;
    }
}
