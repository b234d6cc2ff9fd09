using IommuSpy.Analysis.Iommu;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Iommu.InterruptAnswer>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The interrupts that IOMMUs remap.</summary>
internal sealed class InterruptsTable() : Table<InterruptAnswer>(
    "interrupts",
    "The entries in use by which IOMMUs remap interrupts.",
    Its.Text("unit", "The kernel's name for the IOMMU unit.", row => row.Unit),
    Its.Integer("index", "The entry's number in its table.", row => row.Index),
    Its.Text("device", "The device that may use it; null where any may.", row => row.Device),
    Its.Integer("vector", "The CPU's vector; of a posted one, the guest's.", row => row.Vector),
    Its.Hex("destination", "APIC ID or logical destination.", row => row.Destination?.Value),
    Its.Text("mode", "physical, logical or posted.", row => row.Mode),
    Its.Text("delivery", "fixed, lowest priority, SMI, NMI, INIT or ExtINT.", row => row.Delivery),
    Its.Text("trigger", "edge or level; null where the entry does not say.", row => row.Trigger),
    Its.Address("postedTo", "Of a posted one, its descriptor or the guest's virtual APIC page.", row => row.PostedTo?.Value),
    Its.Address("entryAddress", "Where the entry stands.", row => row.EntryAddress.Value),
    Its.Texts("entry", "Its quadwords.", row => [.. row.Entry.Select(word => word.ToString())]))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<InterruptAnswer> receive)
    {
        List<string> absences = [];
        foreach (InterruptAnswer interrupt in InterruptAnswer.Of(question.Machine, absences))
        {
            receive(interrupt);
        }

        question.Tell(absences);
    }

    /// <inheritdoc/>
    public override RowWriter<InterruptAnswer> Text(TextForm form, Question question) => new AlignedText<InterruptAnswer>(form,
    [
        new("source", row => row.Device ?? "any"),
        new("index", row => $"{row.Index}"),
        new("vector", row => $"0x{row.Vector:x2}"),
        new("destination", row => row.Destination is { } destination ? $"{destination.Value}" : row.PostedTo?.ToString() ?? "-"),
        new("mode", row => row.Mode),
        new("delivery", row => row.Delivery),
        new("trigger", row => row.Trigger ?? "-"),
        new("entry at", row => row.EntryAddress.ToString()),
        new("entry", row => string.Join(' ', row.Entry.Select(word => $"{word.Value:x16}"))),
    ])
    {
        HeadsNothing = false,
    };
}
