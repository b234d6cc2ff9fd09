using System.Globalization;
using IommuSpy.Analysis.Types;
using IommuSpy.Linux.Inference;

namespace IommuSpy.Cli.Text;

/// <summary>Types as text, much as pahole prints them.</summary>
internal static class TypeText
{
    private const int CommentColumn = 57;
    private const ulong CacheLine = 64;

    /// <summary>One type.</summary>
    public static void Write(TextWriter writer, TypeReport type)
    {
        switch (type.Kind)
        {
            case "struct" or "union":
                writer.WriteLine($"{type.Kind} {type.Name} {{");
                ulong line = 0;
                WriteMembers(writer, type.Members!, 1, type.Kind == "struct" && type.Bytes > CacheLine, type.Evidence is null ? "hole" : "not inferred",
                    ref line);
                writer.WriteLine();
                if (type.Evidence is not null)
                {
                    WriteEvidence(writer, type);
                    break;
                }

                writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"\t/* size: {type.Bytes}, cachelines: {(type.Bytes + CacheLine - 1) / CacheLine}, members: {type.Members!.Count} */"));
                if (type.Holes > 0)
                {
                    writer.WriteLine($"\t/* holes: {type.Holes.ToString(CultureInfo.InvariantCulture)}, sum holes: {Amount(type.HoleBits)} */");
                }

                if (type.Padding > 0)
                {
                    writer.WriteLine($"\t/* padding: {Amount(type.Padding)} */");
                }

                writer.WriteLine("};");
                break;
            case "enum":
                writer.WriteLine($"enum {type.Name} {{");
                int width = type.Values!.Count == 0 ? 0 : type.Values.Max(value => value.Name.Length);
                foreach (EnumeratorReport value in type.Values)
                {
                    writer.WriteLine($"\t{value.Name.PadRight(width)} = {value.Value},");
                }

                writer.WriteLine();
                writer.WriteLine($"\t/* size: {type.Bytes.ToString(CultureInfo.InvariantCulture)}, "
                    + $"values: {type.Values.Count.ToString(CultureInfo.InvariantCulture)} */");
                writer.WriteLine("};");
                break;
            case "typedef":
                writer.WriteLine($"typedef {type.Target} {type.Name};   /* size: {type.Bytes.ToString(CultureInfo.InvariantCulture)} */");
                break;
            default:
                writer.WriteLine($"{type.Name}   /* size: {type.Bytes.ToString(CultureInfo.InvariantCulture)}, {type.Target} */");
                break;
        }
    }

    private static void WriteMembers(TextWriter writer, IReadOnlyList<MemberReport> members, int depth, bool marks, string gap, ref ulong line)
    {
        string indent = new('\t', depth);
        foreach (MemberReport member in members)
        {
            if (marks && member.Offset.Value / CacheLine > line)
            {
                line = member.Offset.Value / CacheLine;
                ulong past = member.Offset.Value % CacheLine;
                string where = past == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" was {past} bytes ago");
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{indent}/* --- cacheline {line} boundary ({line * CacheLine} bytes){where} --- */"));
            }

            if (member.HoleBefore > 0)
            {
                writer.WriteLine();
                writer.WriteLine($"{indent}/* XXX {Amount(member.HoleBefore)} {gap} */");
                writer.WriteLine();
            }

            if (member.Members is null)
            {
                string bits = member.Bits is int size ? ":" + size.ToString(CultureInfo.InvariantCulture) : "";
                writer.WriteLine(Commented($"{indent}{member.Declaration}{bits};", member));
                continue;
            }

            writer.WriteLine($"{indent}{(member.Type.StartsWith("union", StringComparison.Ordinal) ? "union" : "struct")} {{");
            WriteMembers(writer, member.Members, depth + 1, marks, gap, ref line);

            // "struct {...} name[2]": what follows the braces.
            string tail = member.Declaration[(member.Declaration.IndexOf('}', StringComparison.Ordinal) + 1)..];
            writer.WriteLine(Commented($"{indent}}}{tail};", member));
        }
    }

    // What lies between inferred fields is no hole, and the size is known of few structures.
    private static void WriteEvidence(TextWriter writer, TypeReport type)
    {
        writer.WriteLine(type.Bytes == 0 ? "\t/* size: not inferred */" : string.Create(CultureInfo.InvariantCulture, $"\t/* size: {type.Bytes} */"));
        foreach (InferredFieldReport field in type.Evidence!)
        {
            string confidence = field.Confidence switch
            {
                InferenceConfidence.Unique => "unique",
                InferenceConfidence.DeclarationOrder => "by order of declaration",
                _ => "confirmed",
            };
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"\t/* {field.Name} at {field.Offset.Value}: {confidence}, {field.Objects} objects: {field.Invariant} */"));
        }

        foreach (RefusedField field in type.Refusals!)
        {
            writer.WriteLine($"\t/* {field.Name} refused: {field.Reason} */");
        }

        writer.WriteLine("};");
    }

    private static string Commented(string text, MemberReport member)
    {
        // A tab counts as 8 columns.
        int width = text.Sum(letter => letter == '\t' ? 8 : 1);
        string offset = member.BitOffset is int bit
            ? string.Create(CultureInfo.InvariantCulture, $"{member.Offset.Value,5}:{bit,2}")
            : string.Create(CultureInfo.InvariantCulture, $"{member.Offset.Value,5}   ");
        return string.Create(CultureInfo.InvariantCulture, $"{text}{new string(' ', Math.Max(1, CommentColumn - width))}/* {offset} {member.Bytes,5} */");
    }

    private static string Amount(ulong bits) => bits % 8 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{bits / 8} byte{(bits == 8 ? "" : "s")}")
        : string.Create(CultureInfo.InvariantCulture, $"{bits} bit{(bits == 1 ? "" : "s")}");
}
