using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="PageReport"/> as text.</summary>
internal static class PageText
{
    /// <summary>In one line: what it is used for, whose it is, how often it is held and mapped.</summary>
    /// <param name="report">The page; null for none.</param>
    /// <param name="absence">Why there is none.</param>
    public static string? Summary(PageReport? report, string? absence)
    {
        if (report is null)
        {
            return absence is null ? null : $"its struct page is not read: {absence}";
        }

        string owner = report.Owner is null ? "" : $": {Printable.Name(report.Owner)}";
        string part = report.Head is PageFrame head && report.Pages > 1 ? $"; part of {Size.Text(report.Pages << PageFrame.Shift)}, head pfn {head}" : "";

        // A tail's own count is 0 whatever becomes of its compound page.
        bool isTail = report.Head is PageFrame whole && whole != report.Pfn;
        string references = report.References is int count && !isTail ? $"; {Amount.Of((ulong)Math.Max(0, count), "reference")}" : "";
        string mappings = report.Mappings is ulong mapped ? $"{(references.Length > 0 ? ", " : "; ")}{Amount.Of(mapped, "mapping")}" : "";
        return $"{report.Kind.Words()}{owner}{part}{references}{mappings}";
    }

    public static void Write(TextWriter writer, PageReport report)
    {
        string owner = report.Owner is null ? "" : $": {report.Owner}";
        writer.WriteLine($"{(report.Name is string asked ? $"{asked}  " : "")}pfn {report.Pfn}  physical {report.Physical}  {report.Kind.Words()}{owner}");
        if (report.StructPage is not VirtualAddress structPage)
        {
            return;
        }

        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("flags", report.FlagsWord is null
            ? "not read: the kernel does not use it as its memory"
            : $"{(report.Flags.Count == 0 ? "none" : string.Join(' ', report.Flags))}   ({report.FlagsWord})");
        fields.Line("counts", report.References is null ? null : $"{report.References} references, mapped {report.Mappings} times");
        fields.Line("compound",
            report.Head is PageFrame head
                ? $"{(head == report.Pfn ? "first" : $"number {report.Pfn.Number - head.Number}")} of {report.Pages} pages from pfn {head}" : null);
        fields.Line("file",
            report.File is { } file
                ? $"{file}{(report.FileOffset is HexValue offset ? $", offset {offset}" : "")}   (inode {file.InodeObject}, number {file.Inode})" : null);
        fields.Line("swap",
            report.SwapType is int type
                ? $"in the swap cache: device {type}{(report.SwapDevice is string name ? $" ({name})" : "")}, page 0x{report.SwapOffset:x} of it" : null);
        fields.Line("content", report.FlagsWord is null ? null : report.ContentAbsence);
        fields.Line("zone", report.Zone is string zone ? $"{zone}, node {report.Node}" : null);
        fields.Line("struct", $"{structPage}");
        WriteGuests(fields, report);
        WriteLost(fields, report);
        if (report.Slab is { } slab)
        {
            SlabText.Slab(fields, slab, null);
        }
    }

    /// <summary>What the page is to virtual machines, a line each.</summary>
    /// <param name="fields">Receives the lines.</param>
    /// <param name="report">The page; null for none.</param>
    /// <param name="within">Bytes from its start to the byte that was asked for.</param>
    public static void WriteGuests(Fields fields, PageReport? report, ulong within = 0)
    {
        string lead = "in guest";
        foreach (GuestPageReport guest in report?.Guests ?? [])
        {
            string nested = guest is { Entry: { } entry, Rights: string rights }
                ? $"nested {entry.Table} entry {entry.Entry.Value:x16} {rights}" : "not in its nested tables";
            fields.Line(lead,
                $"{Printable.Name(guest.Machine)}  gpa {guest.Gpa + within}  slot {guest.Slot}, {guest.Virtual + within} of its process; {nested}");
            lead = "";
        }

        fields.Line("holds", report?.NestedTable is { } table
            ? $"a nested {table.Table} of virtual machine {Printable.Name(table.Machine)}, from gpa {table.Gpa}" : null);
    }

    /// <summary>The processes that lost a poisoned page, a line each.</summary>
    public static void WriteLost(Fields fields, PageReport? report)
    {
        string lead = "lost by";
        foreach (LostPage lost in report?.LostBy ?? [])
        {
            fields.Line(lead, $"{ProcessNames.Of(lost.Pid, lost.Comm, lost.Root)}  {lost.Virtual}");
            lead = "";
        }
    }

    /// <summary>Where a physical address is, for one that has no memory behind it in the image too.</summary>
    /// <param name="range">The run of memory that it is in; null for none.</param>
    /// <param name="page">Its page; null where nothing is known of it.</param>
    /// <param name="absence">Why the image has no bytes of it; null where it has.</param>
    public static string Memory(RangeReport? range, PageReport? page, string? absence) => range is not null
        ? $"of memory 0x{range.Start.Value:x}-0x{range.Last.Value:x}{(absence is null ? "" : $", {absence}")}"
        : page is { Kind: PageKind.PciRange } ? "not memory: a device's"
        : page is { Kind: PageKind.Resource } ? "not memory"
        : "not in the image: a device's, or memory that was not captured";
}
