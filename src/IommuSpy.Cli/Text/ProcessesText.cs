using System.Globalization;
using IommuSpy.Analysis.Processes;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="ProcessList"/> as text.</summary>
internal static class ProcessesText
{
    private const string Absent = "-";

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="list">The processes.</param>
    /// <param name="threads">Whether rows are threads.</param>
    public static void Write(TextWriter writer, ProcessList list, bool threads)
    {
        Table table = threads
            ? new("pid", "tid", "parent", "uid", "", "resident", "root table", "name") { RightAligned = new HashSet<int> { 0, 1, 2, 3, 5 } }
            : new("pid", "parent", "uid", "", "resident", "root table", "name") { RightAligned = new HashSet<int> { 0, 1, 2, 4 } };
        foreach (ProcessReport row in list.Rows)
        {
            string[] number = threads ? [Number(row.Tgid), Number(row.Pid)] : [Number(row.Pid)];
            string name = Printable.Of(row.Comm ?? "?");
            table.Add(
            [
                .. number,
                Number(row.Parent),
                Number(row.Uid),
                row.State?.ToString() ?? Absent,
                row.Mm is null ? Absent : row.ResidentPages is ulong pages ? Size.Text(pages * PageFrame.Size) : "?",
                row.RootTable?.ToString() ?? Absent,
                new string(' ', 2 * row.Depth) + (row.KernelThread ? $"[{name}]" : name),
            ]);
        }

        table.Write(writer);
    }

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? Absent;
}
