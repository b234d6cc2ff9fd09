using System.Globalization;
using IommuSpy.Analysis.Modules;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Modules as text.</summary>
internal static class ModulesText
{
    /// <summary>All, a line each.</summary>
    public static void Write(TextWriter writer, IEnumerable<ModuleReport> modules)
    {
        TextTable table = new("address", "size", "uses", "symbols", "state", "module", "used by") { RightAligned = new HashSet<int> { 1, 2, 3 } };
        foreach (ModuleReport module in modules)
        {
            table.Add(
                module.Address.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"{module.Size}"),
                Number(module.References),
                Number(module.SymbolCount),
                module.State,
                module.Name + (module.Taints.Length > 0 ? $" ({module.Taints})" : ""),
                string.Join(' ', module.Users.Concat(module.Permanent ? ["(permanent)"] : [])));
        }

        table.Write(writer);
    }

    /// <summary>One, with its memory and sections.</summary>
    public static void Write(TextWriter writer, ModuleReport module)
    {
        writer.WriteLine($"{Printable.Name(module.Name)}  {module.State}, {Size.Text(module.Size)} at {module.Address}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("version", module.Version);
        fields.Line("taints", module.Taints.Length > 0 ? module.Taints : null);
        fields.Line("uses",
            Number(module.References) + (module.Users.Count > 0 ? $": {string.Join(' ', module.Users)}" : "")
                + (module.Permanent ? ", cannot be unloaded" : ""));
        fields.Line("symbols", $"{Number(module.SymbolCount)}   (iommu-spy symbols {ShellWord.Of($"* [{module.Name}]")})");
        fields.Line("object", $"{module.Object}  struct module");
        string lead = "memory";
        foreach (ModuleMemoryReport memory in module.Memory)
        {
            fields.Line(lead, $"{memory.Start} - {memory.Start + (memory.Length - 1)}  {memory.Kind}, {Size.Text(memory.Length)}");
            lead = "";
        }

        lead = "sections";
        foreach (ModuleSectionReport section in module.Sections)
        {
            fields.Line(lead, $"{section.Address}  {section.Name}");
            lead = "";
        }
    }

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
