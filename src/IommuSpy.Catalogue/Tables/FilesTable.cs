using System.Globalization;
using IommuSpy.Analysis.Files;
using IommuSpy.Linux.Tasks;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Files.OpenFileRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The files that processes have open.</summary>
internal sealed class FilesTable() : Table<OpenFileRow>(
    "files",
    "The files that processes have open, as /proc/PID/fd and fdinfo have them.",
    Its.Integer("pid", "The process.", row => row.Process.Pid),
    Its.Text("comm", "Its name.", row => row.Process.Comm),
    Its.Integer("descriptor", "The number of the open file.", row => row.File.Descriptor),
    Its.Text("kind", "file, directory, character, block, fifo, socket or link; anonymous for what has no kind of its own, as eventfd.", row => row.File.Kind),
    Its.Texts("flags", "r, w or rw, then how else it was opened: append, nonblock.", row => row.File.FlagTexts),
    Its.Integer("position", "Where the next read or write begins.", row => row.File.Position, "bytes"),
    Its.Text("path", "Its path, as /proc shows it to someone outside.", row => row.File.File.Path),
    Its.Text("socket", "Of a socket, what it is and its ends: tcp 10.0.2.15:22 -> 10.0.2.2:50514 ESTABLISHED.", row => row.Socket?.ToString()),
    Its.Number("inode", "The number of its inode.", row => row.File.File.Inode),
    Its.Text("dev", "The device of its file system, as /proc/PID/maps prints it: 103:01.", row => row.File.File.DeviceText),
    Its.Address("file", "Where its struct file is.", row => row.File.File.Address.Value))
{
    /// <summary>Only one process's.</summary>
    public static Filter<KernelTask> Process { get; } = new("pid", "Only the files of one process.", (machine, text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? machine?.Parts.Tasks.Required.Find(pid) : null);

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Process];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<OpenFileRow> receive) =>
        question.Tell(OpenFileList.Read(question.Machine, question.Find(Process), receive));

    /// <inheritdoc/>
    public override RowWriter<OpenFileRow> Text(TextForm form, Question question)
    {
        TextColumn<OpenFileRow>[] process = question.Find(Process) is null
            ? [new("pid", row => Number(row.Process.Pid), Right: true), new("name", row => row.Process.Comm ?? "?")]
            : [];
        return new AlignedText<OpenFileRow>(form,
        [
            .. process,
            new("fd", row => Number(row.File.Descriptor), Right: true),
            new("kind", row => row.File.Kind ?? "?"),
            new("flags", row => string.Join(',', row.File.FlagTexts)),
            new("position", row => Number(row.File.Position), Right: true),
            new("path", row => $"{row.File.File.Path ?? "?"}{(row.Socket is { } socket ? $" {socket}" : "")}"),
        ]);
    }

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "?";
}
