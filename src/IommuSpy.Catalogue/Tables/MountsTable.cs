using IommuSpy.Linux.Files;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Linux.Files.Mount>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What is mounted.</summary>
internal sealed class MountsTable() : Table<Mount>(
    "mounts",
    "What is mounted where, as a process sees it.",
    Its.Text("source", "What is mounted: a device, or the name that was given for one.", row => row.Source),
    Its.Text("point", "Where.", row => row.Point),
    Its.Text("type", "The file system.", row => row.Type),
    Its.Texts("options", "ro or rw, then how it is mounted: nosuid, relatime. What only the file system itself knows is not among them.", row => row.Options),
    Its.Text("directory", "Which directory of the file system is mounted.", row => row.Root),
    Its.Text("dev", "The device of the file system, as /proc/PID/maps prints it: 103:01.", row => row.DeviceText),
    Its.Integer("id", "The number of the mount.", row => row.Id),
    Its.Integer("parent", "The number of the mount that it is mounted on.", row => row.ParentId),
    Its.Address("mount", "Where its struct mount is.", row => row.Address.Value))
{
    /// <summary>As one process sees it.</summary>
    public static Filter<KernelTask> Process { get; } = new("process", "As this process sees it; without one, as the first process does.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Process];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Mount> receive)
    {
        TaskTable tasks = question.Machine.Parts.Tasks.Required;
        KernelTask? first = tasks.Find(1);
        KernelTask process = question.Find(Process) ?? first ?? tasks.Processes.MinBy(task => task.Pid)
            ?? throw new MissingTypeException("no process is known whose mounts could be shown");
        question.Tell(question.Find(Process) is null && first is null ? [$"there is no process 1: this is what {process} sees"] : []);
        MountTable table = MountTable.Of(question.Machine.Parts.Objects.Required, process);
        question.Tell(table.Damage is string damage ? [damage] : []);
        foreach (Mount mount in table.Mounts)
        {
            receive(mount);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<Mount> Text(TextForm form, Question question) => new AlignedText<Mount>(form,
    [
        new("source", row => row.Source ?? "?"),
        new("point", row => row.Point ?? "?"),
        new("type", row => row.Type ?? "?"),
        new("options", row => string.Join(',', row.Options)),
        new("directory", row => row.Root ?? "?"),
    ]);
}
