using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.ProcessVma>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>An area of a process.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="Vma">The area.</param>
internal readonly record struct ProcessVma(KernelTask Process, VmaReport Vma);

/// <summary>What processes have mapped.</summary>
internal sealed class VmasTable() : Table<ProcessVma>(
    "vmas",
    "What processes have mapped, as /proc/PID/maps, and how much of it is in memory.",
    Its.Integer("pid", "The process.", row => row.Process.Pid),
    Its.Text("comm", "Its name.", row => row.Process.Comm),
    Its.Address("start", "First address.", row => row.Vma.Start.Value),
    Its.Address("end", "The address after the last.", row => row.Vma.End.Value),
    Its.Text("rights", "As /proc/PID/maps prints them: rw-p; null where nothing describes them.", row => row.Vma.Rights),
    Its.Hex("offset", "Of a mapped file, where in it the area begins.", row => row.Vma.Offset.Value),
    Its.Text("dev", "The file system's device as /proc/PID/maps prints it: 103:01; 00:00 without a file.", row => row.Vma.Dev),
    Its.Number("inode", "The file's inode; 0 without a file.", row => row.Vma.Inode),
    Its.Text("path", "The file's path, or what the kernel calls the area: [heap].", row => row.Vma.Path),
    Its.Bytes("residentBytes", "How much is in memory, by the page tables; pages of hugetlbfs are only among the huge ones, as /proc/PID/smaps has it.",
        row => row.Vma.ResidentBytes),
    Its.Bytes("swappedBytes", "How much is on swap devices, by the page tables.", row => row.Vma.SwappedBytes),
    Its.Bytes("hugeBytes", "How much is in memory in pages larger than 4 KiB.", row => row.Vma.HugeBytes),
    Its.Address("vma", "Where its vm_area_struct is.", row => row.Vma.Vma.Value))
{
    private static readonly TextColumn<ProcessVma>[] Shown =
    [
        new("address", row => $"{row.Vma.Start.Value:x8}-{row.Vma.End.Value:x8}"),
        new("rights", row => row.Vma.Rights ?? "?"),
        new("offset", row => $"{row.Vma.Offset.Value:x8}"),
        new("device", row => row.Vma.Dev ?? "?"),
        new("inode", row => row.Vma.Inode?.ToString(CultureInfo.InvariantCulture) ?? "?", Right: true),
        new("Rss", row => Bytes(row.Vma.ResidentBytes), Right: true),
        new("swapped", row => Bytes(row.Vma.SwappedBytes), Right: true),
        new("huge", row => Bytes(row.Vma.HugeBytes), Right: true),
        new("path", row => row.Vma.Path ?? ""),
    ];

    /// <summary>Only areas of one process.</summary>
    public static Filter<KernelTask> Process { get; } = new("pid", "Only areas of this process.",
        (machine, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && machine?.Parts.Tasks.Required.Find(pid) is { Mm: not null } task && task.Pid == task.Tgid ? task : null);

    /// <summary>Only areas that allow all of these rights.</summary>
    public static Filter<AccessRights> Rights { get; } = new("allows", "Only areas that allow all of these rights.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Process, Rights];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ProcessVma> receive)
    {
        Machine machine = question.Machine;
        AccessRights rights = question.Get(Rights, AccessRights.None);
        bool isOne = question.TryGet(Process, out KernelTask process);
        if (!isOne)
        {
            question.Tell(machine.Parts.Tasks.Required.Damage);
        }

        foreach (VmaList list in isOne ? [VmaList.Of(machine, process, rights)] : VmaList.OfAll(machine, rights))
        {
            foreach (VmaReport row in list.Rows)
            {
                receive(new(list.Process, row));
            }

            question.Tell(list.Problems);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<ProcessVma> Text(TextForm form, Question question)
    {
        if (!question.TryGet(Process, out KernelTask process))
        {
            return new AlignedText<ProcessVma>(form,
            [
                new("pid", row => row.Process.Pid.ToString(CultureInfo.InvariantCulture), Right: true), new("name", row => row.Process.Comm ?? "?"), .. Shown,
            ]);
        }

        string above = $"{form.Printable(process.ToString())}, root table {process.Root?.ToString() ?? "not known"}";
        return new AlignedText<ProcessVma>(form, Shown) { Above = [above, ""], Closing = new Sums() };
    }

    private static string Bytes(ulong bytes) => bytes == 0 ? "-" : Size.Text(bytes);

    private sealed class Sums : Closing<ProcessVma>
    {
        private int _areas;
        private ulong _resident;
        private ulong _swapped;
        private ulong _huge;

        public override void Add(ProcessVma row)
        {
            _areas++;
            _resident += row.Vma.ResidentBytes;
            _swapped += row.Vma.SwappedBytes;
            _huge += row.Vma.HugeBytes;
        }

        public override string? Line() =>
            _areas == 0 ? null : $"{_areas} areas: Rss {Size.Text(_resident)}, swapped {Size.Text(_swapped)}, huge {Size.Text(_huge)}";
    }
}
