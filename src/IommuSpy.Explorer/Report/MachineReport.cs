using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.MemoryUse;
using IommuSpy.Analysis.Processes;
using IommuSpy.Catalogue;
using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>What a report tells of a machine: the answers of info, memory, ps, devices and exposure, as the commands give them.</summary>
/// <param name="Info">The machine, its kernel, and how each fact was found.</param>
/// <param name="Memory">Where memory went.</param>
/// <param name="Zones">A picture of each zone; empty where memory is not there to be drawn.</param>
/// <param name="Processes">The processes with memory of their own, the largest first.</param>
/// <param name="KernelThreads">How many processes have none.</param>
/// <param name="Devices">The devices.</param>
/// <param name="Exposure">What devices can do that they should not be able to.</param>
/// <param name="Problems">What these answers lack, a line each.</param>
/// <param name="IsRedacted">Whether names of files, command lines, the host's name, who built the kernel and contents were left out.</param>
internal sealed partial record MachineReport(
    InfoReport Info,
    Part<IReadOnlyList<MemoryUseRow>> Memory,
    IReadOnlyList<ZonePicture> Zones,
    Part<IReadOnlyList<ProcessReport>> Processes,
    int KernelThreads,
    Part<IReadOnlyList<DeviceReport>> Devices,
    Part<ExposureReport> Exposure,
    IReadOnlyList<string> Problems,
    bool IsRedacted)
{
    /// <summary>What stands where something was left out.</summary>
    public const string LeftOut = "(left out)";

    /// <summary>What the machine is called: by itself, unless nobody gave it a name.</summary>
    public string Name => Info.Hostname is null or LeftOut or "(none)" or "localhost" ? "Linux machine" : Info.Hostname;

    /// <summary>Where memory went by use, the largest first, each with its parts; empty where that is not told.</summary>
    public IReadOnlyList<KindOfMemory> Uses => KindOfMemory.Of(Memory.Value ?? []);

    /// <summary>What is damaged in the image, and what of memory it lacks, a line each.</summary>
    public IReadOnlyList<string> Damage =>
    [
        .. Info.Damage,
        .. Info.ExcludedBytes > 0 ? [$"{Size.Text(Info.ExcludedBytes)} was left out when the image was made, and cannot be read"] : Array.Empty<string>(),
        .. Info.LostBytes > 0 ? [$"{Size.Text(Info.LostBytes)} should be in the image and is not"] : Array.Empty<string>(),
        .. Info.MissingBytes > 0 ? [$"{Size.Text(Info.MissingBytes)} that the kernel maps as memory is not in the image"] : Array.Empty<string>(),
    ];

    /// <summary>Asks a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="redact">Whether to leave out names of files, command lines, the host's name and contents.</param>
    public static MachineReport Of(Machine machine, bool redact)
    {
        Question question = new(machine);
        InfoReport info = InfoReport.Of(machine);
        Part<IReadOnlyList<MemoryUseRow>> memory = Rows(AllTables.Memory, question);
        Part<IReadOnlyList<ProcessReport>> all = Rows(AllTables.Processes, question);
        ProcessReport[] processes = [.. (all.Value ?? []).Where(process => process.Mm is not null).OrderByDescending(process => process.ResidentPages)];
        Part<IReadOnlyList<DeviceReport>> devices = Rows(AllTables.Devices, question);
        Part<ExposureReport> exposure = Part.Read(() => ExposureReport.Of(machine));
        IReadOnlyList<ZonePicture> zones = ZonePicture.Of(machine, question.Tell);
        string[] problems =
        [
            .. question.Problems.Concat(exposure.Value?.Problems ?? []).Concat(machine.Kernel.Memory.Budget.Problems).Distinct(StringComparer.Ordinal),
        ];
        MachineReport report = new(info, memory, zones, all.Value is null ? all : Part.Of<IReadOnlyList<ProcessReport>>(processes),
            (all.Value?.Count ?? 0) - processes.Length, devices, exposure, problems, redact);
        return redact ? report.Redacted(machine) : report;
    }

    // Who built a kernel, and where, as its banner says: "(joe@host)".
    [GeneratedRegex(@"\([^()\s@]*@[^()\s]*\)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Builder();

    private static Part<IReadOnlyList<TRow>> Rows<TRow>(Table<TRow> table, Question question) => Part.Read<IReadOnlyList<TRow>>(() =>
    {
        List<TRow> rows = [];
        table.Rows(question, rows.Add);
        return rows;
    });

    private MachineReport Redacted(Machine machine)
    {
        string[] names =
        [
            .. new[] { Info.Source, Path.GetFileName(Info.Source), Info.Hostname, Info.CommandLine, Info.Panic }.OfType<string>().Where(name => name.Length > 0)
                .OrderByDescending(name => name.Length),
        ];
        string Clean(string text) => names.Aggregate(text, (clean, name) => clean.Replace(name, LeftOut, StringComparison.Ordinal));
        return this with
        {
            Info = Info with
            {
                Source = LeftOut,
                Banner = Clean(Builder().Replace(Info.Banner, LeftOut)),
                Disagreements = [.. Info.Disagreements.Select(text => Clean(Builder().Replace(text, LeftOut)))],
                Hostname = Info.Hostname is null ? null : LeftOut,
                CommandLine = Info.CommandLine is null ? null : LeftOut,
                Panic = Info.Panic is null ? null : LeftOut,
                MemoryLayout = Clean(Info.MemoryLayout),
                Damage = [.. Info.Damage.Select(Clean)],
            },
            Processes = Processes.Value is null ? Processes
                : Part.Of<IReadOnlyList<ProcessReport>>([.. Processes.Value.Select(process => process with { Arguments = null })]),
            Exposure = Exposure.Value is not ExposureReport report ? Exposure
                : report with { Findings = [.. report.Findings.Select(finding => WithoutFiles(machine, finding))] },
            Problems = [.. Problems.Select(Clean)],
        };
    }

    // Evidence names the file of a page of the page cache: as the page's owner, which is asked again.
    private static ExposureFinding WithoutFiles(Machine machine, ExposureFinding finding) => finding with
    {
        Evidence =
        [
            .. finding.Evidence.Select(piece => piece.Physical is PhysicalAddress at && machine.PageKinds.Value?.UseOf(at.Frame) is
                { Kind: PageKind.File or PageKind.Hugetlb, Owner: string owner }
                ? piece with { What = piece.What.Replace(owner, LeftOut, StringComparison.Ordinal) }
                : piece),
        ],
    };
}
