using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Json;

/// <summary>Writes a number as a string: "0x" and hexadecimal. JSON's own numbers lose 64-bit values in many readers.</summary>
/// <param name="number">The number that a value stands for.</param>
/// <param name="digits">At least so many digits.</param>
internal abstract class HexConverter<T>(Func<T, ulong> number, int digits) : JsonConverter<T>
{
    private const int LongestText = 18;

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("reports are written, never read");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        Span<char> text = stackalloc char[LongestText];
        text[0] = '0';
        text[1] = 'x';
        number(value).TryFormat(text[2..], out int written, digits == 16 ? "x16" : "x", CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..(2 + written)]);
    }
}
