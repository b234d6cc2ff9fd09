using System.Globalization;
using IommuSpy.Linux.AddressSpaces;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Tables.AreaPage>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>A page of a process, and the area that holds it.</summary>
/// <param name="Area">The area.</param>
/// <param name="Page">The page.</param>
internal readonly record struct AreaPage(MemoryArea Area, PagemapPage Page);

/// <summary>Every page of a process.</summary>
internal sealed class PagemapTable() : Table<AreaPage>(
    "pagemap",
    "Every page of a process as its /proc/PID/pagemap tells of it, with the area that holds it.",
    Its.Address("virtual", "The page's address.", row => row.Page.Virtual.Value),
    Its.Flag("present", "Whether it is in memory.", row => row.Page.Present),
    Its.Address("physical", "Where it is there; null where it is not, or may not be seen.", row => row.Page.Physical?.Value),
    Its.Integer("swapType", "Where it is swapped out: the number of the device.", row => row.Page.SwapType),
    Its.Number("swapOffset", "Where it is on that device.", row => row.Page.SwapOffset, "pages"),
    Its.Flag("softDirty", "Whether it was written since that was last cleared.", row => row.Page.SoftDirty),
    Its.Flag("exclusive", "Whether no other maps it.", row => row.Page.Exclusive),
    Its.Flag("fileOrShared", "Whether it is a file's or shared, rather than anonymous.", row => row.Page.FileOrShared),
    Its.Flag("writeProtected", "Whether userfaultfd protects it from writing.", row => row.Page.WriteProtected),
    Its.Flag("guard", "Whether it is a guard page.", row => row.Page.Guard),
    Its.Address("vmaStart", "First address of the area that holds it.", row => row.Area.Start.Value),
    Its.Text("path", "The area's file, or what the kernel calls it.", row => row.Area.Name))
{
    /// <summary>How the pages of the process that was asked for are visited; it gives back what is missing.</summary>
    public static Filter<Func<Action<MemoryArea, PagemapPage>, IReadOnlyList<string>>> Pages { get; } = new("process", "The pages of this process.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Pages];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<AreaPage> receive)
    {
        if (question.TryGet(Pages, out Func<Action<MemoryArea, PagemapPage>, IReadOnlyList<string>> visit))
        {
            question.Tell(visit((area, page) => receive(new(area, page))));
        }
    }

    /// <inheritdoc/>
    public override RowWriter<AreaPage> Text(TextForm form, Question question) => new Lines(form);

    /// <summary>A line each; a heading where the area changes.</summary>
    private sealed class Lines(TextForm form) : RowWriter<AreaPage>
    {
        private MemoryArea? _area;

        public override void Add(AreaPage row)
        {
            (MemoryArea area, PagemapPage page) = row;
            if (area != _area)
            {
                _area = area;
                form.Writer.WriteLine($"--- {area.Start.Value:x8}-{area.End.Value:x8} {area.Rights} {form.Printable(area.Name ?? "")}".TrimEnd());
            }

            string place = page.Physical is { } physical ? $"{physical.Value:x16}"
                : page.SwapType is int type ? string.Create(CultureInfo.InvariantCulture, $"swap {type}:0x{page.SwapOffset:x}")
                : "-";
            form.Writer.WriteLine($"{page.Virtual.Value:x16}  {place,-16}  {Marks(page)}".TrimEnd());
        }

        public override void Dispose() => form.Writer.Flush();

        private static string Marks(PagemapPage page) => string.Join(' ', new (bool? Set, string Name)[]
        {
            (page.FileOrShared, "file-or-shared"), (page.Exclusive, "exclusive"), (page.SoftDirty, "soft-dirty"),
            (page.WriteProtected, "uffd-write-protected"), (page.Guard, "guard"),
        }.Where(mark => mark.Set == true).Select(mark => mark.Name));
    }
}
