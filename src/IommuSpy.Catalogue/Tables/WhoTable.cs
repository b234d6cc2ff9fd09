using IommuSpy.Analysis;
using IommuSpy.Analysis.Who;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.PageUser>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Someone who has an address of a physical byte. Null is what it has not.</summary>
/// <param name="Physical">The byte that was asked for.</param>
/// <param name="Name">The name that was asked for, where it is one of several.</param>
/// <param name="Kind">"process", "kernel" or "device".</param>
/// <param name="Rights">What it may do there.</param>
internal sealed record PageUser(PhysicalAddress Physical, string? Name, string Kind, string Rights)
{
    /// <summary>The process.</summary>
    public int? Pid { get; init; }

    /// <summary>Its name.</summary>
    public string? Comm { get; init; }

    /// <summary>The process's top table.</summary>
    public PhysicalAddress? Root { get; init; }

    /// <summary>The CPU's address.</summary>
    public VirtualAddress? Virtual { get; init; }

    /// <summary>The device, and how it gets there.</summary>
    public Reacher? Reacher { get; init; }

    /// <summary>Bytes of the page that maps it.</summary>
    public ulong? PageSize { get; init; }

    /// <summary>What the address is.</summary>
    public string? What { get; init; }
}

/// <summary>Everyone who maps a page: processes, the kernel, devices.</summary>
internal sealed class WhoTable() : Table<PageUser>(
    "who",
    "Everyone who has an address of a physical page: processes, the kernel, devices.",
    Its.Address("physical", "The byte that was asked for.", row => row.Physical.Value),
    Its.Text("name", "The name that was asked for, where it is one of several.", row => row.Name),
    Its.Text("kind", "process, kernel or device.", row => row.Kind),
    Its.Integer("pid", "The process; null where whose the tables are is not known.", row => row.Pid),
    Its.Text("comm", "Its name.", row => row.Comm),
    Its.Address("root", "Its top table.", row => row.Root?.Value),
    Its.Address("virtual", "The CPU's address of it.", row => row.Virtual?.Value),
    Its.Text("device", "The device.", row => row.Reacher?.Device),
    Its.Text("driver", "Its driver.", row => row.Reacher?.Driver),
    Its.Integer("pasid", "With the device's requests of this PASID; null for those without.", row => row.Reacher?.Translated?.Pasid),
    Its.Address("iova", "The device's address of it.", row => row.Reacher?.Iova.Value),
    Its.Text("rights", "What it lets through.", row => row.Rights),
    Its.Bytes("pageSize", "Of the page that maps it.", row => row.PageSize ?? row.Reacher?.Translated?.PageSize),
    Its.Text("what", "What the address is, or how the device reaches it.", row => row.What ?? row.Reacher?.Mode))
{
    /// <summary>Of these bytes; without it there are no rows.</summary>
    public static Filter<IReadOnlyList<NamedAddress>> Pages { get; } = new("physical", "Of these pages.",
        (machine, text) => machine is not null && PageExpression.TryParse(machine, text, out IReadOnlyList<NamedAddress> pages, out _) ? pages : null);

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Pages];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<PageUser> receive)
    {
        foreach (NamedAddress page in question.Get(Pages, []))
        {
            WhoReport report = WhoReport.Of(question.Machine, page.Physical) with { Name = page.Name };
            question.Tell(report.IsCut ? [$"{page.Physical}: there are more users than are named"] : []);
            question.Tell(report.IsWhole ? [] : [$"{page.Physical}: page tables are missing from the image, or too many: there may be more users"]);
            foreach (PageUser user in Of(report))
            {
                receive(user);
            }
        }
    }

    /// <summary>Everyone in a report.</summary>
    public static IEnumerable<PageUser> Of(WhoReport report)
    {
        foreach (MapperReport mapper in report.Processes)
        {
            yield return new(report.Physical, report.Name, "process", mapper.Rights)
            {
                Pid = mapper.Pid,
                Comm = mapper.Comm,
                Root = mapper.Root,
                Virtual = mapper.Virtual,
                PageSize = mapper.PageSize,
            };
        }

        foreach (AliasReport alias in report.Kernel)
        {
            yield return new(report.Physical, report.Name, "kernel", alias.Rights) { Virtual = alias.Virtual, What = alias.What };
        }

        foreach (Reacher reacher in Reacher.In(report.Reach, report.Name))
        {
            yield return new(report.Physical, report.Name, "device", reacher.Translated?.Rights ?? "rw") { Reacher = reacher };
        }
    }
}
