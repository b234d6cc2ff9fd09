using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IommuSpy.Memory.Systems;

/// <summary>
/// What a machine says of itself, as it is kept with an image of its memory: one JSON document, in an ELF note named "IOMMU_SPY" of type 1, or in a file beside
/// an image whose format has no notes (docs/acquire.md).
/// </summary>
public static class SystemRecord
{
    /// <summary>The note's name.</summary>
    public const string NoteName = "IOMMU_SPY";

    /// <summary>The note's type.</summary>
    public const uint NoteType = 1;

    /// <summary>What is added to an image's name for the file beside it.</summary>
    public const string Extension = ".system.json";

    // Text above this is kept compressed.
    private const int LongText = 64 << 10;
    private const int MostRecordBytes = 64 << 20;

    /// <summary>Makes a record of what a machine says of itself.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="facts">What was found out of the kernel, by name; for who reads the document.</param>
    /// <param name="count">How many files, links and pages of registers it holds.</param>
    public static byte[] Write(SystemFiles files, IReadOnlyDictionary<string, string> facts, out int count)
    {
        RecordedFiles recorded = SystemSelection.Of(files);
        count = recorded.Files.Count + recorded.Links.Count + recorded.RegisterPages.Count;
        using MemoryStream output = new();
        using (Utf8JsonWriter json = new(output, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteStartObject("facts");
            foreach ((string name, string value) in facts)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteStartObject("files");
            foreach ((string path, byte[] bytes) in recorded.Files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                WriteFile(json, path, bytes);
            }

            json.WriteEndObject();
            json.WriteStartObject("links");
            foreach ((string path, string target) in recorded.Links.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(path, target);
            }

            json.WriteEndObject();
            json.WriteStartObject("registers");
            foreach ((PhysicalAddress page, byte[] bytes) in recorded.RegisterPages)
            {
                json.WriteBase64String($"0x{page.Value:x}", bytes);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return output.ToArray();
    }

    /// <summary>Writes a record into a file beside an image, readable by its owner alone.</summary>
    /// <exception cref="MemoryImageException">It cannot be written.</exception>
    public static void WriteFile(string path, byte[] record)
    {
        try
        {
            using PrivateFile file = PrivateFile.Beside(path);
            RandomAccess.Write(file.Handle, record, 0);
            file.Keep(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{path}: cannot be written: {FileProblem.Of(e, path)}", e);
        }
    }

    /// <summary>The record that an image's notes hold; null where they hold none.</summary>
    internal static RecordedFiles? In(IReadOnlyList<ElfNote> notes, string path) =>
        notes.FirstOrDefault(note => note.Type == NoteType && string.Equals(note.Name, NoteName, StringComparison.Ordinal)) is ElfNote note
            ? Read(note.Descriptor, $"note {NoteName} of {path}") : null;

    /// <summary>The record that stands beside an image; null where none does.</summary>
    internal static RecordedFiles? Beside(string path)
    {
        string file = path + Extension;
        try
        {
            return File.Exists(file) ? Read(Opener.ReadAll(file, MostRecordBytes), file) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a record.</summary>
    /// <param name="document">The document. It may be anything: what is no record is none, and nothing is unpacked beyond
    /// <see cref="SystemFiles.MostBytes"/>.</param>
    /// <param name="origin">Where it stood.</param>
    /// <returns>Null where it is no record.</returns>
    public static RecordedFiles? Read(ReadOnlyMemory<byte> document, string origin)
    {
        try
        {
            if (document.Length > MostRecordBytes)
            {
                return null;
            }

            using JsonDocument json = JsonDocument.Parse(document);
            Dictionary<string, byte[]> files = new(StringComparer.Ordinal);
            Dictionary<string, string> links = new(StringComparer.Ordinal);
            Dictionary<PhysicalAddress, byte[]> registers = [];
            long left = SystemFiles.MostBytes;
            foreach (JsonProperty file in Members(json.RootElement, "files"))
            {
                if (Bytes(file.Value, left) is byte[] bytes)
                {
                    files[file.Name] = bytes;
                    left -= bytes.Length;
                }
            }

            foreach (JsonProperty link in Members(json.RootElement, "links"))
            {
                links[link.Name] = link.Value.GetString() ?? "";
            }

            foreach (JsonProperty page in Members(json.RootElement, "registers"))
            {
                if (page.Name.StartsWith("0x", StringComparison.Ordinal)
                    && ulong.TryParse(page.Name.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
                    && page.Value.TryGetBytesFromBase64(out byte[]? bytes))
                {
                    registers[new(address)] = bytes;
                }
            }

            return new(origin, files, links, registers);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or InvalidDataException)
        {
            return null;
        }
    }

    // As text where it is some, so that the document reads; else base64, of what gzip makes of it where it is long.
    private static void WriteFile(Utf8JsonWriter json, string path, byte[] bytes)
    {
        bool isText = bytes.AsSpan().IndexOfAnyExceptInRange((byte)'\t', (byte)'~') < 0;
        if (isText && bytes.Length <= LongText)
        {
            json.WriteString(path, Encoding.ASCII.GetString(bytes));
            return;
        }

        json.WriteStartObject(path);
        if (bytes.Length <= LongText)
        {
            json.WriteBase64String("base64", bytes);
        }
        else
        {
            using MemoryStream packed = new();
            using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(bytes);
            }

            json.WriteBase64String("gzip", packed.GetBuffer().AsSpan(0, (int)packed.Length));
        }

        json.WriteEndObject();
    }

    private static JsonElement.ObjectEnumerator Members(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement members) ? members.EnumerateObject() : default;

    private static byte[]? Bytes(JsonElement value, long most)
    {
        byte[]? bytes = null;
        if (value.ValueKind == JsonValueKind.String)
        {
            bytes = Encoding.UTF8.GetBytes(value.GetString()!);
        }
        else if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("base64", out JsonElement plain))
        {
            plain.TryGetBytesFromBase64(out bytes);
        }
        else if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("gzip", out JsonElement packed)
            && packed.TryGetBytesFromBase64(out byte[]? compressed))
        {
            using GZipStream gzip = new(new MemoryStream(compressed), CompressionMode.Decompress);
            using MemoryStream unpacked = new();
            byte[] piece = new byte[64 << 10];
            for (int read = gzip.Read(piece); read > 0; read = gzip.Read(piece))
            {
                unpacked.Write(piece, 0, read);
                if (unpacked.Length > most)
                {
                    return null;
                }
            }

            bytes = unpacked.ToArray();
        }

        return bytes?.Length <= most ? bytes : null;
    }
}
