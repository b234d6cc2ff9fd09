using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Catalogue;

/// <summary>
/// Strings in JSON: what JSON itself needs escaped, and every character that a terminal or a reader of the text might act on (<see cref="Printable"/>).
/// </summary>
internal sealed unsafe class HarmlessEncoder : JavaScriptEncoder
{
    private const string MustEscape = "\"\\";

    // 12: a surrogate pair as two \uXXXX.
    private const int LongestEscape = 12;

    private static readonly SearchValues<char> PlainChars =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Except(MustEscape)]);

    private static readonly SearchValues<byte> PlainBytes =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (byte)code).Except(Encoding.ASCII.GetBytes(MustEscape))]);

    private HarmlessEncoder()
    {
    }

    /// <summary>The only encoder: it has no state.</summary>
    public static HarmlessEncoder Instance { get; } = new();

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => LongestEscape;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is '"' or '\\' || !Rune.TryCreate(unicodeScalar, out Rune rune) || !Printable.IsHarmless(rune);

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        ReadOnlySpan<char> all = new(text, textLength);
        for (int at = 0; ;)
        {
            int next = all[at..].IndexOfAnyExcept(PlainChars);
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (Rune.DecodeFromUtf16(all[at..], out Rune rune, out int consumed) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }

            at += consumed;
        }
    }

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        for (int at = 0; ;)
        {
            int next = utf8Text[at..].IndexOfAnyExcept(PlainBytes);
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (Rune.DecodeFromUtf8(utf8Text[at..], out Rune rune, out int consumed) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }

            at += consumed;
        }
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        Span<char> output = new(buffer, bufferLength);
        numberOfCharactersWritten = 0;
        Span<char> units = stackalloc char[2];
        char? letter = unicodeScalar switch
        {
            '"' or '\\' => (char)unicodeScalar,
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => null,
        };
        if (letter is char one)
        {
            return output.TryWrite($"\\{one}", out numberOfCharactersWritten);
        }

        int count = new Rune(unicodeScalar).EncodeToUtf16(units);
        return count == 1
            ? output.TryWrite($"\\u{(int)units[0]:x4}", out numberOfCharactersWritten)
            : output.TryWrite($"\\u{(int)units[0]:x4}\\u{(int)units[1]:x4}", out numberOfCharactersWritten);
    }
}
