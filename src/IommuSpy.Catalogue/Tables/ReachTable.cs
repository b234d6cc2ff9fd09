using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.Reacher>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A device that gets at a physical byte: through tables, or because nothing restricts it.</summary>
/// <param name="Physical">The byte.</param>
/// <param name="Name">The name that was asked for, where it is one of several.</param>
/// <param name="Translated">How its tables let it; null where nothing restricts it.</param>
/// <param name="Unrestricted">Why nothing restricts it; null where tables do.</param>
internal readonly record struct Reacher(PhysicalAddress Physical, string? Name, ReacherReport? Translated, UnrestrictedReport? Unrestricted)
{
    /// <summary>The device.</summary>
    public string Device => Translated?.Device ?? Unrestricted!.Device;

    /// <summary>Its driver; null for none, or where that is not known.</summary>
    public string? Driver => Translated is null ? Unrestricted!.Driver : Translated.Driver;

    /// <summary>"translated", "pass-through", "no IOMMU".</summary>
    public string Mode => Unrestricted?.Mode ?? DeviceAccess.Translated.Words();

    /// <summary>The byte's address for the device.</summary>
    public IoVirtualAddress Iova => Translated?.Iova ?? new(Physical.Value);

    /// <summary>Every device in a report.</summary>
    public static IEnumerable<Reacher> In(ReachReport report, string? name) =>
    [
        .. report.Devices.Select(device => new Reacher(report.Physical, name, device, null)),
        .. report.Unrestricted.Select(device => new Reacher(report.Physical, name, null, device)),
    ];
}

/// <summary>Which devices get at pages.</summary>
internal sealed class ReachTable() : Table<Reacher>(
    "reach",
    "Which devices can read or write a page, and at which address of theirs.",
    Its.Address("physical", "The byte that was asked for.", row => row.Physical.Value),
    Its.Text("name", "The name that was asked for, where it is one of several.", row => row.Name),
    Its.Text("device", "The device.", row => row.Device),
    Its.Text("driver", "Its driver.", row => row.Driver),
    Its.Text("mode", "translated, pass-through or no IOMMU.", row => row.Mode),
    Its.Integer("pasid", "With requests of this PASID; null for those without.", row => row.Translated?.Pasid),
    Its.Address("iova", "The device's address of it.", row => row.Iova.Value),
    Its.Text("rights", "What it may do there: rw, r or w.", row => row.Translated?.Rights ?? "rw"),
    Its.Bytes("pageSize", "What its tables' entry maps; null where nothing restricts it.", row => row.Translated?.PageSize),
    Its.Integer("domain", "Domain ID of its entry, likewise.", row => row.Translated?.Domain),
    Its.Text("domainType", "The kernel's word for the domain.", row => row.Translated?.DomainType),
    Its.Text("owner", "Who has the device for itself, by VFIO: a process or a virtual machine.", row => row.Translated?.Owner),
    Its.Flag("busMaster", "Of one that nothing restricts, whether it may start transactions now.", row => row.Unrestricted?.BusMaster))
{
    /// <summary>Of these bytes; without it there are no rows.</summary>
    public static Filter<IReadOnlyList<NamedAddress>> Pages { get; } = new("physical", "Of these pages.",
        (machine, text) => machine is not null && PageExpression.TryParse(machine, text, out IReadOnlyList<NamedAddress> pages, out _) ? pages : null);

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Pages];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Reacher> receive)
    {
        foreach (NamedAddress page in question.Get(Pages, []))
        {
            ReachReport report = ReachReport.Of(question.Machine, page.Physical);
            question.Tell(report.IsCut ? [$"{page.Physical}: there are more devices than are named"] : []);
            question.Tell(report.IsWhole ? [] : [$"{page.Physical}: tables are missing from the image, or too many: there may be more devices"]);
            question.Tell(report.Absence is string absence ? [$"{page.Physical}: devices are not known: {absence}"] : []);
            foreach (Reacher reacher in Reacher.In(report, page.Name))
            {
                receive(reacher);
            }
        }
    }
}
