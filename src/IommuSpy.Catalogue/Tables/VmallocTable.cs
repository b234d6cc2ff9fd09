using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Linux.Vmalloc;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Vmalloc.VmallocReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What vmalloc space is used for.</summary>
internal sealed class VmallocTable() : Table<VmallocReport>(
    "vmalloc",
    "Every piece of vmalloc and module space: its size, its use, who asked for it.",
    Its.Address("start", "First address.", row => row.Start.Value),
    Its.Address("end", "The address after the last; behind the guard page, where there is one.", row => row.Start.Value + row.Size),
    Its.Bytes("bytes", "How much, the guard page among it.", row => row.Size),
    Its.Text("use", "vmalloc, ioremap, vmap, dma-coherent, vm_map_ram, unpurged or other.", row => row.Use),
    Its.Text("caller", "Who asked for it.", row => row.Caller),
    Its.Address("callerAddress", "The same as an address.", row => row.CallerAddress?.Value),
    Its.Number("pages", "How many pages the kernel keeps for it.", row => row.Pages, "pages"),
    Its.Address("physical", "Of an ioremap, where it leads.", row => row.Physical?.Value),
    Its.Flag("guardPage", "Whether its last page is never mapped.", row => row.GuardPage),
    Its.Text("stackOf", "Of a task's kernel stack, whose.", row => row.StackOf))
{
    /// <summary>Only the piece that holds an address.</summary>
    public static Filter<VmallocArea> Only { get; } = new("at", "Only the piece that holds an address.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Only];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<VmallocReport> receive)
    {
        VmallocList list = question.Machine.Parts.Vmalloc.Required;
        question.Tell(list.Damage);
        foreach (VmallocArea area in question.TryGet(Only, out VmallocArea only) ? [only] : list.Areas)
        {
            receive(VmallocReport.Of(question.Machine, area));
        }
    }
}
