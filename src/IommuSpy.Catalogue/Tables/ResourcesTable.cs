using System.Globalization;
using IommuSpy.Analysis.Resources;
using IommuSpy.Linux.Resources;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Resources.ResourceReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What stands where in physical memory, or among the I/O ports.</summary>
internal sealed class ResourcesTable() : Table<ResourceReport>(
    "resources",
    "What stands where in physical memory, as /proc/iomem; or among the I/O ports, as /proc/ioports.",
    Its.Address("start", "Its first address or port.", row => row.Start),
    Its.Address("end", "The first address or port behind it.", row => row.End),
    Its.Bytes("bytes", "How large it is.", row => row.End - row.Start),
    Its.Text("name", "Who claimed it, or what it is.", row => row.Name),
    Its.Integer("depth", "How many resources it stands in; 0 at the top.", row => row.Depth),
    Its.Address("object", "Its struct resource.", row => row.Object.Value))
{
    /// <summary>I/O ports, rather than memory.</summary>
    public static Filter<bool> Ports { get; } = new("ports", "I/O ports, rather than memory.");

    /// <summary>Only what holds an address.</summary>
    public static Filter<ulong?> At { get; } = new("at", "Only what holds this address or port.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Ports, At];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ResourceReport> receive)
    {
        ResourceTree tree = (question.Get(Ports, false) ? ResourceTree.OfPorts(question.Machine.Kernel) : question.Machine.Parts.Resources).Required;
        foreach (KernelResource resource in question.Get(At, null) is ulong address ? tree.At(address) : tree.All)
        {
            receive(ResourceReport.Of(resource));
        }

        question.Tell(tree.Damage is string damage ? [damage] : []);
    }

    /// <inheritdoc/>
    public override RowWriter<ResourceReport> Text(TextForm form, Question question)
    {
        int digits = question.Get(Ports, false) ? 4 : 16;
        return new AlignedText<ResourceReport>(form,
        [
            new("start", row => Hex(row.Start, digits)),
            new("end", row => Hex(row.End, digits)),
            new("size", row => Size.Text(row.End - row.Start), Right: true),
            new("name", row => new string(' ', 2 * row.Depth) + (row.Name ?? "?")),
        ]);
    }

    private static string Hex(ulong value, int digits) => "0x" + value.ToString($"x{digits}", CultureInfo.InvariantCulture);
}
