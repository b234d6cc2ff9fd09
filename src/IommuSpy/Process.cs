using IommuSpy.Analysis.Processes;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Read;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy;

/// <summary>A process or a kernel thread, and its memory. Null is a stated absence.</summary>
public sealed class Process
{
    private readonly Machine _machine;
    private readonly ProcessReport _report;
    private readonly KernelTask _task;

    internal Process(Machine machine, ProcessReport report, KernelTask task)
    {
        _machine = machine;
        _report = report;
        _task = task;
    }

    /// <summary>Its number.</summary>
    public int Pid => _report.Pid;

    /// <summary>Its name, at most 15 bytes; null where it cannot be read.</summary>
    public string? Comm => _report.Comm;

    /// <summary>The pid of its parent; 0 for what has none.</summary>
    public int? Parent => _report.Parent;

    /// <summary>The real user; null where this description of types lacks credentials.</summary>
    public uint? Uid => _report.Uid;

    /// <summary>Whether it runs kernel code alone; then it has no memory of its own.</summary>
    public bool IsKernelThread => _report.KernelThread;

    /// <summary>R, S, D, T, t, X, Z, P or I, as ps prints it; null where this description of types lacks it.</summary>
    public char? State => _report.State;

    /// <summary>The physical address of its top-level page table; null for what has no memory of its own.</summary>
    public ulong? Root => _report.RootTable?.Value;

    /// <summary>Bytes of it that are in memory: what VmRSS of /proc/PID/status says; null where that is not known.</summary>
    public ulong? ResidentBytes => _report.ResidentPages * (ulong)PageFrame.Size;

    /// <summary>Its task_struct (include/linux/sched.h).</summary>
    /// <exception cref="NoAnswerException">Nothing describes that structure.</exception>
    public KernelObject Task => _machine.Object(_report.Task.Value, "task_struct");

    /// <summary>Its mm_struct (include/linux/mm_types.h); null for what has no memory of its own.</summary>
    /// <exception cref="NoAnswerException">Nothing describes that structure.</exception>
    public KernelObject? Memory => _report.Mm is VirtualAddress mm ? _machine.Object(mm.Value, "mm_struct") : null;

    /// <summary>What it has mapped, in order of address; empty for what has no memory of its own.</summary>
    /// <exception cref="NoAnswerException">Nothing describes its areas.</exception>
    public IReadOnlyList<Area> Areas => _machine.Ask(machine => VmaList.Of(machine, _task).Rows.Select(Area.Of).ToArray());

    /// <summary>
    /// How many page tables of user space the process goes through below its top-level one, by a walk through all of them. The kernel counts the same in
    /// mm_struct.pgtables_bytes, in bytes.
    /// </summary>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    public long CountPageTables() => _machine.Ask(machine =>
    {
        Nothing nobody = default;
        AddressSpace space = machine.Space(Top());
        return space.Visit(new(0), space.LastUserAddress, ref nobody).Tables - 1;
    });

    /// <summary>What its page tables map of user space, in order of address.</summary>
    /// <param name="rights">Letters of "rwxu" (u: from user mode): only what has all of these; empty for everything.</param>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    /// <exception cref="ArgumentException">The rights are other letters.</exception>
    public IReadOnlyList<Mapping> Mappings(string rights = "") => _machine.MappingsOf(Top(), userSpace: true, rights);

    /// <summary>Translates a virtual address through its page tables.</summary>
    /// <param name="address">The virtual address, of user space or of the kernel.</param>
    /// <returns>The way, also where it ends without a physical address.</returns>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    public Walk Translate(ulong address) => _machine.Ask(machine => Walk.Of(TranslationReport.Of(machine, new(address), Top())));

    /// <summary>Explains a virtual address of the process.</summary>
    /// <param name="address">The virtual address.</param>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    public Explanation Explain(ulong address) =>
        _machine.Ask(machine => Explanation.Of(Analysis.Explain.Explanation.Of(machine, new(address), Top())));

    /// <summary>Reads its memory through its page tables.</summary>
    /// <param name="address">The virtual address of the first byte.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>Exactly so many.</returns>
    /// <exception cref="NoAnswerException">Some of them are not mapped, or not in the image; the message says where and why.</exception>
    public byte[] Read(ulong address, int count) => _machine.ReadBytes(count, (machine, bytes) => MemoryReader.Virtual(machine, Top(), new(address), bytes));

    /// <summary>Which of its pages devices can get at.</summary>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    public ProcessReach Reach() => _machine.Ask(machine =>
    {
        _ = Top();
        return ProcessReach.Of(ProcessReachReport.Of(machine, _task));
    });

    /// <summary>A table about the process alone: "vmas", "maps", "leaves" or "pagemap", as docs/tables.md describes them.</summary>
    /// <param name="name">The table's name.</param>
    /// <exception cref="NoAnswerException">It has no memory of its own.</exception>
    /// <exception cref="ArgumentException">It is none of these tables.</exception>
    public Table Table(string name)
    {
        PhysicalAddress root = Answer.Of(Top);
        return name switch
        {
            "vmas" => new(_machine, Catalogue.AllTables.Vmas, question => question.With(VmasTable.Process, _task)),
            "maps" => new(_machine, MappingsTable.Runs, question => question.With(MappingsTable.Query, new(root))),
            "leaves" => new(_machine, MappingsTable.Leaves, question => question.With(MappingsTable.Query, new(root))),
            "pagemap" => new(_machine, Catalogue.AllTables.Pagemap, question => question.With(PagemapTable.Pages,
                receive => PagemapList.Visit(question.Machine, _task, new(0), new(ulong.MaxValue), receive))),
            _ => throw new ArgumentException($"there is no table '{name}' of a process: vmas, maps, leaves or pagemap", nameof(name)),
        };
    }

    /// <summary>"workload[173]".</summary>
    public override string ToString() => $"{Comm ?? "?"}[{Pid}]";

    private PhysicalAddress Top() => _report.RootTable
        ?? throw new NoAnswerException($"{this} {(IsKernelThread ? "is a kernel thread: it" : "has ended: it")} has no memory of its own");

    private readonly struct Nothing : ICpuLeafVisitor
    {
        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
        }
    }
}
