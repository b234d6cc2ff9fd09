using System.Globalization;
using IommuSpy.Analysis.Types;

namespace IommuSpy.Cli.Text;

/// <summary>Values as text, as C would initialise them.</summary>
internal static class ValueText
{
    /// <summary>A value with all that is in it.</summary>
    public static void Write(TextWriter writer, ValueReport value)
    {
        writer.Write(value.Virtual is { } at ? $"({value.Type}) at 0x{at.Value:x16} = " : $"({value.Type}) = ");
        Write(writer, value, 1);
        writer.WriteLine();
    }

    /// <summary>Values a row each, of which every one has the same members: its address, then they; a dash for what there is not.</summary>
    public static void WriteRows(TextWriter writer, IReadOnlyList<string> members, IEnumerable<ValueReport> values)
    {
        TextTable table = new(["virtual", .. members]);
        foreach (ValueReport value in values)
        {
            table.Add([$"0x{value.Virtual?.Value:x16}", .. value.Members!.Select(InOneLine)]);
        }

        table.Write(writer);
    }

    private static string InOneLine(ValueReport value)
    {
        if (value.Problem is not null)
        {
            return "-";
        }

        using StringWriter text = new();
        Write(text, value, 1);
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static void Write(TextWriter writer, ValueReport value, int depth)
    {
        if (value.Members is null)
        {
            writer.Write(value.Problem is string problem ? $"<{problem}>" : value.Value
                + (value.Text is string text ? $" {text}" : value.Symbol is string symbol ? $" <{symbol}>" : ""));
            return;
        }

        if (value.Members.Count == 0)
        {
            writer.Write(value.Omitted > 0 ? $"{{ {More(value.Omitted)} }}" : "{}");
            return;
        }

        // Plain elements fit into a line.
        bool isList = value.Members[0].Name is ['[', ..];
        if (isList && value.Members.All(element => element is { Members: null, Symbol: null, Text: null, Problem: null }))
        {
            writer.Write($"{{ {string.Join(", ", value.Members.Select(element => element.Value))}{(value.Omitted > 0 ? ", " + More(value.Omitted) : "")} }}");
            return;
        }

        string indent = new(' ', depth * 4);
        writer.WriteLine("{");
        foreach (ValueReport member in value.Members)
        {
            string name = member.Name is null ? "" : isList ? $"{member.Name} = " : $".{member.Name} = ";
            writer.Write(indent + name);
            Write(writer, member, depth + 1);
            writer.WriteLine(",");
        }

        if (value.Omitted > 0)
        {
            writer.WriteLine(indent + More(value.Omitted));
        }

        writer.Write(new string(' ', (depth - 1) * 4) + "}");
    }

    private static string More(ulong omitted) => $"... {omitted.ToString(CultureInfo.InvariantCulture)} more";
}
