using System.Globalization;
using System.Text.Json;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Json;

/// <summary>Writes rows as JSON Lines, or as the elements of one JSON array, without keeping them.</summary>
internal sealed class RowWriter : IDisposable
{
    private const int FlushAt = 1 << 16;

    private readonly Stream _output;
    private readonly Utf8JsonWriter _writer;
    private readonly bool _lines;

    /// <summary>Begins.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="lines">One row a line, rather than an array.</param>
    public RowWriter(Stream output, bool lines)
    {
        _output = output;
        _lines = lines;
        _writer = new(output, new() { SkipValidation = true, Encoder = HarmlessEncoder.Instance });
        if (!lines)
        {
            _writer.WriteStartArray();
        }
    }

    /// <summary>Begins a row.</summary>
    public void Begin() => _writer.WriteStartObject();

    /// <summary>Ends a row.</summary>
    public void End()
    {
        _writer.WriteEndObject();
        if (_lines)
        {
            _writer.Flush();
            _output.WriteByte((byte)'\n');
            _writer.Reset();
        }
        else if (_writer.BytesPending > FlushAt)
        {
            _writer.Flush();
        }
    }

    /// <summary>Hands on every row that was ended: whoever reads them may be waiting for the last.</summary>
    public void Flush()
    {
        _writer.Flush();
        _output.Flush();
    }

    /// <summary>A member that is read in hexadecimal: "0x" and 16 digits; null for none.</summary>
    public void Address(ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is not ulong number)
        {
            _writer.WriteNull(name);
            return;
        }

        Span<byte> text = stackalloc byte[18];
        text[0] = (byte)'0';
        text[1] = (byte)'x';
        number.TryFormat(text[2..], out _, "x16", CultureInfo.InvariantCulture);
        _writer.WriteString(name, text);
    }

    /// <summary>A number.</summary>
    public void Number(ReadOnlySpan<byte> name, ulong value) => _writer.WriteNumber(name, value);

    /// <summary>A number; null for none.</summary>
    public void Number(ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is ulong number)
        {
            _writer.WriteNumber(name, number);
        }
        else
        {
            _writer.WriteNull(name);
        }
    }

    /// <summary>Whether something is so; null where it is not known.</summary>
    public void Boolean(ReadOnlySpan<byte> name, bool? value)
    {
        if (value is bool known)
        {
            _writer.WriteBoolean(name, known);
        }
        else
        {
            _writer.WriteNull(name);
        }
    }

    /// <summary>A number that may be below zero.</summary>
    public void Integer(ReadOnlySpan<byte> name, long value) => _writer.WriteNumber(name, value);

    /// <summary>Whether something is so.</summary>
    public void Boolean(ReadOnlySpan<byte> name, bool value) => _writer.WriteBoolean(name, value);

    /// <summary>A text; null for none.</summary>
    public void Text(ReadOnlySpan<byte> name, string? value) => _writer.WriteString(name, value);

    /// <summary>A text.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<char> value) => _writer.WriteString(name, value);

    /// <summary>An array of texts.</summary>
    public void Texts(ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        _writer.WriteStartArray(name);
        foreach (string value in values)
        {
            _writer.WriteStringValue(value);
        }

        _writer.WriteEndArray();
    }

    /// <summary>A number that is read in hexadecimal and is no address: "0x" and as many digits as it has.</summary>
    public void Hex(ReadOnlySpan<byte> name, ulong value)
    {
        Span<byte> text = stackalloc byte[18];
        text[0] = (byte)'0';
        text[1] = (byte)'x';
        value.TryFormat(text[2..], out int written, "x", CultureInfo.InvariantCulture);
        _writer.WriteString(name, text[..(2 + written)]);
    }

    /// <summary>A stated absence.</summary>
    public void Null(ReadOnlySpan<byte> name) => _writer.WriteNull(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_lines)
        {
            _writer.WriteEndArray();
            _writer.Flush();
            _output.WriteByte((byte)'\n');
        }

        _writer.Dispose();
    }
}
