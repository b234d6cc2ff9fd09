using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.MemoryUse;
using IommuSpy.Catalogue;
using IommuSpy.Explorer.Report;

namespace IommuSpy.Explorer.Server;

/// <summary>Where memory went, as rectangles: what it is used for, and within that whose it is. It is counted once.</summary>
internal sealed class MemoryTreemap(Machine machine)
{
    private const int LeastSide = 200;
    private const int MostSide = 8000;
    private const int MostParts = 200;
    private const double Title = 18;
    private const double Margin = 2;
    private const double LeastToSplit = 12;

    private readonly Lazy<(IReadOnlyList<KindOfMemory> Kinds, IReadOnlyList<string> Problems)> _memory = new(() =>
    {
        (IReadOnlyList<MemoryUseRow> rows, IReadOnlyList<string> problems) = MemoryUseList.Of(machine, byFile: true, byProcess: true);
        return (KindOfMemory.Of(rows), problems);
    });

    /// <summary>Writes the rectangles of each use and of its largest parts, in a picture of `width` by `height`.</summary>
    /// <exception cref="QuestionException">A parameter makes no sense.</exception>
    public void Write(Parameters parameters, Utf8JsonWriter writer)
    {
        long width = parameters.Number("width", 1200, LeastSide, MostSide);
        long height = parameters.Number("height", 600, LeastSide, MostSide);
        (IReadOnlyList<KindOfMemory> kinds, IReadOnlyList<string> problems) = _memory.Value;
        Box[] boxes = Treemap.Of([.. kinds.Select(kind => kind.Pages)], new(0, 0, width, height));
        writer.WriteStartArray("kinds"u8);
        for (int i = 0; i < kinds.Count; i++)
        {
            KindOfMemory kind = kinds[i];
            writer.WriteStartObject();
            writer.WriteString("kind"u8, Words<PageKind>.Of(kind.Kind));
            writer.WriteString("words"u8, kind.Kind.Words());
            writer.WriteString("group"u8, UseGroups.Of(kind.Kind).Class());
            writer.WriteString("groupWords"u8, UseGroups.Of(kind.Kind).Words());
            writer.WriteNumber("bytes"u8, kind.Bytes);
            Write(writer, boxes[i]);
            WriteParts(writer, kind, boxes[i]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("problems"u8);
        foreach (string problem in problems)
        {
            writer.WriteStringValue(problem);
        }

        writer.WriteEndArray();
    }

    // The title of a use stands above its parts; what has one part alone has no others to be told from.
    private static void WriteParts(Utf8JsonWriter writer, KindOfMemory kind, Box box)
    {
        Box inner = box.Inside(Margin, box.Height > 2 * Title ? Title : Margin);
        PartOfMemory[] parts = [.. kind.Parts.Take(MostParts)];
        int others = kind.Parts.Count - parts.Length;
        ulong[] pages = [.. parts.Select(part => part.Pages), .. others > 0 ? [kind.Pages - parts.Aggregate(0UL, (sum, part) => sum + part.Pages)]
            : Array.Empty<ulong>()];
        writer.WriteStartArray("parts"u8);
        if (pages is not [_] || parts[0].Name is not null)
        {
            Box[] boxes = inner is { Width: > LeastToSplit, Height: > LeastToSplit } ? Treemap.Of(pages, inner) : [];
            for (int i = 0; i < boxes.Length; i++)
            {
                writer.WriteStartObject();
                writer.WriteString("part"u8, i < parts.Length ? parts[i].Name : null);
                writer.WriteNumber("others"u8, i < parts.Length ? 0 : others);
                writer.WriteNumber("bytes"u8, pages[i] * Memory.PageFrame.Size);
                Write(writer, boxes[i]);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, Box box)
    {
        writer.WriteStartArray("box"u8);
        foreach (double value in new[] { box.X, box.Y, box.Width, box.Height })
        {
            writer.WriteNumberValue(Math.Round(value, 1));
        }

        writer.WriteEndArray();
    }
}
