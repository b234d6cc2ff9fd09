using IommuSpy.Analysis;
using IommuSpy.Analysis.Captures;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Catalogue.Comparison;

/// <summary>Two captures of a machine, table by table.</summary>
/// <param name="Before">The earlier one's id.</param>
/// <param name="After">The later one's.</param>
/// <param name="Tables">What the comparison of each came to.</param>
/// <param name="Problems">What the answers lack, a line each.</param>
internal sealed record CaptureComparison(CaptureId Before, CaptureId After, IReadOnlyList<ComparedTable> Tables, IReadOnlyList<string> Problems)
{
    private static readonly TableComparison[] Comparisons =
    [
        new(AllTables.Processes)
        {
            Identity = ["pid", "task", "startedSeconds"],
            Names = ["comm"],
            Shown = ["comm", "pid"],
            Counted = ["residentPages"],
            Stated = ["comm", "parent", "uid", "root"],
            Idle = "the kernel starts and ends kworkers",
        },
        new(AllTables.Vmas)
        {
            Identity = ["pid", "start", "vma"],
            Names = ["comm", "path", "rights"],
            Shown = ["comm", "pid", "start", "end", "path"],
            Counted = ["residentBytes", "swappedBytes", "hugeBytes"],
            Stated = ["end", "rights", "path"],
        },
        new(AllTables.Files)
        {
            Identity = ["pid", "descriptor", "file"],
            Names = ["comm", "path"],
            Shown = ["comm", "pid", "descriptor", "path"],
            Stated = ["path", "flags"],
        },
        new(AllTables.Mounts)
        {
            Identity = ["id", "point"],
            Names = ["point", "source"],
            Shown = ["source", "point"],
            Stated = ["source", "type", "options"],
        },
        new(AllTables.Modules)
        {
            Identity = ["name"],
            Names = ["name"],
            Counted = ["bytes", "references"],
            Stated = ["virtual", "state", "taints"],
        },
        new(AllTables.Symbols)
        {
            Identity = ["module", "name", "virtual"],
            Names = ["module", "name"],
            Shown = ["module", "name"],
            Idle = "those of BPF programs come and go",
        },
        new(AllTables.Memory)
        {
            Identity = ["kind", "part"],
            Names = ["kind", "part"],
            Counted = ["pages"],
            Idle = "free pages, slabs and page cache move all the time",
        },
        new(AllTables.Slab)
        {
            Identity = ["name", "object"],
            Names = ["name"],
            Shown = ["name"],
            Counted = ["activeObjects", "objects"],
            Idle = "objects are made and freed all the time",
        },
        new(AllTables.Devices)
        {
            Identity = ["device"],
            Names = ["device"],
            Stated = ["driver", "unit", "group", "domain", "mode", "strict", "domainType", "busMaster"],
        },
        new(AllTables.IoMappings)
        {
            Identity = ["device", "pasid", "iova", "physical", "rights"],
            Names = ["device", "pasid"],
            Shown = ["device", "pasid", "iova", "physical", "rights"],
            Counted = ["bytes"],
            Question = machine => new Question(machine).With(IoMappingsTable.Leaves, true),
            Idle = "a network device's buffers are mapped anew with each packet",
        },
        new(AllTables.Exposure)
        {
            Identity = ["rule", "device", "unit"],
            Names = ["rule", "device", "unit"],
            Counted = ["evidenceCount"],
            Stated = ["severity"],
            Idle = "counts of evidence follow the devices' mappings",
        },
    ];

    /// <summary>What can be compared, by the name of its table.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Comparisons.Select(comparison => comparison.Name), TextPages.Name];

    /// <summary>Whether both are of one boot of one kernel: then things are known again by where they are, else by their names.</summary>
    public bool IsSameBoot => Before.IsSameBoot(After);

    /// <summary>Every difference.</summary>
    public IEnumerable<Difference> Differences => Tables.SelectMany(table => table.Differences);

    /// <summary>Compares two captures.</summary>
    /// <param name="before">The earlier.</param>
    /// <param name="after">The later.</param>
    /// <param name="names">Which tables; empty for all.</param>
    public static CaptureComparison Of(Machine before, Machine after, IReadOnlyCollection<string> names)
    {
        (CaptureId earlier, CaptureId later) = (CaptureId.Of(before), CaptureId.Of(after));
        List<string> problems = [];
        bool sameBoot = earlier.IsSameBoot(later);
        List<ComparedTable> tables = [];
        foreach (TableComparison comparison in Comparisons.Where(comparison => names.Count == 0 || names.Contains(comparison.Name, StringComparer.Ordinal)))
        {
            Add(tell => comparison.Of(before, after, sameBoot, tell));
        }

        if (names.Count == 0 || names.Contains(TextPages.Name, StringComparer.Ordinal))
        {
            Add(tell => TextPages.Of(before, after, sameBoot, tell));
        }

        return new(earlier, later, tables, problems);

        void Add(Func<Action<string>, ComparedTable> compare)
        {
            int known = problems.Count;
            ComparedTable compared = compare(problems.Add);
            tables.Add(compared with { IsPartial = problems.Count > known });
        }
    }
}
