using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Memory.FormatDescription>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The formats of memory images.</summary>
internal sealed class FormatsTable() : Table<FormatDescription>(
    "formats",
    "The formats of memory images, and what can be done with each.",
    Its.Text("name", "What people call it; the name for convert --format where it can be written.", row => row.Name),
    Its.Flag("reads", "Whether it can be read.", row => row.Reads),
    Its.Flag("writes", "Whether it can be written.", row => row.Writes),
    Its.Flag("streams", "Whether it can be written into a pipe.", row => row.Streams),
    Its.Text("recognisedBy", "How a file of it is recognised.", row => row.RecognisedBy),
    Its.Text("carries", "What it carries besides memory.", row => row.Carries),
    Its.Text("madeBy", "What makes such files.", row => row.MadeBy))
{
    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override void Rows(Question question, Action<FormatDescription> receive)
    {
        foreach (FormatDescription format in FormatDescription.All)
        {
            receive(format);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<FormatDescription> Text(TextForm form, Question question) => new AlignedText<FormatDescription>(form,
    [
        new("format", row => row.Name),
        new("", row => (row.Reads ? "r" : "-") + (row.Writes ? "w" : "-")),
        new("recognised by", row => row.RecognisedBy),
        new("carries besides memory", row => row.Carries),
        new("made by", row => row.MadeBy),
    ]);
}
