using IommuSpy.Analysis.Modules;
using IommuSpy.Linux.Modules;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Modules.ModuleReport>;
using Part = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Modules.ModuleMemoryReport>;
using Section = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Modules.ModuleSectionReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The loaded modules.</summary>
internal sealed class ModulesTable() : Table<ModuleReport>(
    "modules",
    "The loaded modules, newest first, as /proc/modules.",
    Its.Text("name", "Its name.", row => row.Name),
    Its.Bytes("bytes", "Of its memory.", row => row.Size),
    Its.Integer("references", "How many users it has.", row => row.References),
    Its.Texts("users", "Modules that use it.", row => row.Users),
    Its.Flag("permanent", "Whether it cannot be unloaded.", row => row.Permanent),
    Its.Text("state", "live, coming or going.", row => row.State),
    Its.Address("virtual", "Where its text is.", row => row.Address.Value),
    Its.Text("taints", "Letters of what it taints the kernel with.", row => row.Taints),
    Its.Text("version", "The version that its source states.", row => row.Version),
    Its.Integer("symbolCount", "How many symbols it has.", row => row.SymbolCount),
    Its.Records("memory", "Its memory, run by run.", row => row.Memory,
        Part.Text("kind", "What it holds: text, rodata, ro after init, data.", row => row.Kind),
        Part.Address("start", "First address.", row => row.Start.Value),
        Part.Bytes("bytes", "How much.", row => row.Length)),
    Its.Records("sections", "Its sections; those whose memory has been freed are not shown.", row => row.Sections,
        Section.Text("name", "The section's name: .text.", row => row.Name),
        Section.Address("virtual", "Where it was loaded to.", row => row.Address.Value)),
    Its.Address("object", "Its struct module.", row => row.Object.Value))
{
    /// <summary>Only the module of a name.</summary>
    public static Filter<string> Only { get; } = new("name", "Only the module of this name.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Only];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ModuleReport> receive)
    {
        ModuleList list = question.Machine.Parts.Modules.Required;
        question.Tell(list.Damage is string damage ? [damage] : []);
        string? only = question.Find(Only);
        foreach (KernelModule module in list.Modules.Where(module => only is null || module.Name == only))
        {
            receive(ModuleReport.Of(module));
        }
    }
}
