using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Processes;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>A <see cref="MachineReport"/> as one page of HTML that needs nothing beside it: no script, no other file, no network.</summary>
internal sealed class HtmlReport
{
    private const int MostProcesses = 200;
    private const int MostParts = 12;
    private const int MostEvidence = 16;

    private readonly TextWriter _writer;
    private readonly MachineReport _report;

    private HtmlReport(TextWriter writer, MachineReport report) => (_writer, _report) = (writer, report);

    /// <summary>Writes the page.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="version">The program's version.</param>
    public static void Write(TextWriter writer, MachineReport report, string version) => new HtmlReport(writer, report).Page(version);

    private InfoReport Info => _report.Info;

    private void Page(string version)
    {
        Line($"<!DOCTYPE html>");
        Line($"<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        Line($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            + $"<meta name=\"referrer\" content=\"no-referrer\">");
        Line($"<title>iommu-spy: {Info.Release}, {Name(Info.Source)}</title>");
        Line($"<style>{Resource("palette.css")}{Resource("report.css")}</style></head><body>");
        Line($"<header><h1>{_report.Name} <small>{Info.Release}</small></h1>");
        Line($"<p class=\"soft\">{Name(Info.Source)}: {Info.Format}. Written by iommu-spy {version}{(_report.IsRedacted
            ? "; names of files and of the host, command lines and contents are left out" : "")}.</p>");
        Cards();
        Line($"<nav><a href=\"#memory\">Memory</a><a href=\"#map\">Physical map</a><a href=\"#processes\">Processes</a><a href=\"#devices\">Devices</a>");
        Line($"<a href=\"#exposure\">Exposure</a><a href=\"#image\">Image</a><a href=\"#found\">How it was found</a></nav></header><main>");
        Memory();
        Map();
        Processes();
        Devices();
        Exposure();
        Image();
        Found();
        Line($"</main></body></html>");
    }

    private void Cards()
    {
        Line($"<dl class=\"cards\">");
        Card("memory", Size.Text(Info.MemoryBytes), $"in {Amount.Of((ulong)Info.Ranges.Count, "range")}");
        Card("kernel", Info.Release, $"{Info.PagingLevels}-level"
            + $" paging{(Info.Taint is { Length: > 0 } taint ? $", tainted {string.Join(' ', taint.ToCharArray())}" : "")}");
        if (Info is { UptimeSeconds: double up, Taken: DateTimeOffset taken })
        {
            Card("taken", taken.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), $"UTC, up {TimeSpan.FromSeconds(Math.Floor(up)):c}");
        }

        if (_report.Processes.Value is { } processes)
        {
            Card("processes", Count(processes.Count), $"and {Count(_report.KernelThreads)} kernel threads");
        }

        if (_report.Exposure.Value is { } exposure)
        {
            Card("devices", Count(exposure.Counts.Devices), Means(exposure.Counts));
            Card("findings", Count(exposure.Findings.Count), Severities(exposure), exposure.Findings.Any(finding => finding.Severity >= ExposureSeverity.High));
        }

        if (Info.HasPanicked == true)
        {
            Card("PANIC", "yes", Info.Panic ?? "the log no longer has its message", isBad: true);
        }

        Line($"</dl>");
    }

    private void Card(string name, string value, string more, bool isBad = false) =>
        Line($"<div{Attribute(isBad ? " class=\"bad\"" : "")}><dt>{name}</dt><dd><b>{value}</b><span>{more}</span></dd></div>");

    private void Memory()
    {
        Begin("memory", "Memory by use");
        if (Absent(_report.Memory))
        {
            return;
        }

        ulong all = _report.Uses.Aggregate(0UL, (sum, kind) => sum + kind.Bytes);
        Line($"<ul class=\"legend\">");
        foreach (var group in _report.Uses.GroupBy(kind => UseGroups.Of(kind.Kind)).OrderByDescending(group => group.Sum(kind => (double)kind.Bytes)))
        {
            ulong bytes = group.Aggregate(0UL, (sum, kind) => sum + kind.Bytes);
            Line($"<li>{Pictures.Swatch(group.Key)}{group.Key.Words()} <b>{Size.Text(bytes)}</b></li>");
        }

        Line($"</ul><figure>{Pictures.Uses(_report.Uses)}<figcaption>Every page once, {Size.Text(all)} in all: areas are amounts. Point at one for its name "
            + $"and size.</figcaption></figure>");
        Line($"<details><summary>The same as a table</summary><div class=\"columns\">");
        foreach (KindOfMemory kind in _report.Uses)
        {
            Line($"<table class=\"parts\"><thead><tr><th>{Pictures.Swatch(UseGroups.Of(kind.Kind))}{kind.Kind.Words()}</th>");
            Line($"<th class=\"n\">{Size.Text(kind.Bytes)}</th><th class=\"n\">{Share(kind.Bytes, all)}</th></tr></thead><tbody>");
            PartOfMemory[] named = [.. kind.Parts.Where(part => part.Name is not null)];
            foreach (PartOfMemory part in named.Take(MostParts))
            {
                Part(Name(part.Name!), part.Bytes, all);
            }

            if (named.Length > MostParts)
            {
                Part($"{Count(named.Length - MostParts)} more", named.Skip(MostParts).Aggregate(0UL, (sum, part) => sum + part.Bytes), all);
            }

            Line($"</tbody></table>");
        }

        Line($"</div></details></section>");
    }

    private void Part(string name, ulong bytes, ulong all) =>
        Line($"<tr><td>{name}</td><td class=\"n\">{Size.Text(bytes)}</td><td class=\"n\">{Share(bytes, all)}</td></tr>");

    private void Map()
    {
        Begin("map", "Physical map");
        if (_report.Zones.Count == 0)
        {
            Line($"<p class=\"soft\">Nothing describes the pages of this kernel.</p></section>");
            return;
        }

        Line($"<p>Each cell is {Size.Text(_report.Zones[0].CellBytes)} in the colour of what most of it is used for, and each row"
            + $" {Size.Text(_report.Zones[0].CellBytes * ZonePicture.Columns)}.");
        Line($"<span class=\"key\"><svg viewBox=\"0 0 10 10\" width=\"10\" height=\"10\"><rect class=\"u-boot\" fill=\"#8a96a8\" width=\"10\" height=\"10\"/>"
            + $"<path class=\"reach\" fill=\"#d00000\" d=\"M5 0h5v5z\"/></svg></span> a device can write some of it by its tables.</p>");
        if (_report.Exposure.Value is { Counts: { NoIommu: > 0 } or { PassThrough: > 0 } })
        {
            Line($"<p class=\"warn\">Devices that nothing restricts reach all of it.</p>");
        }

        Line($"<ul class=\"legend\">");
        IEnumerable<ZoneCell> cells = _report.Zones.SelectMany(zone => zone.Rows).SelectMany(row => row.Cells);
        foreach (UseGroup group in cells.Select(cell => cell.Use).OfType<UseGroup>().Distinct().Order())
        {
            Line($"<li>{Pictures.Swatch(group)}{group.Words()}</li>");
        }

        Line($"</ul>");
        foreach (ZonePicture zone in _report.Zones.Where(zone => zone.Rows.Count > 0))
        {
            Line($"<h3>{zone.Name} <small>{zone.First.Address} to {zone.End.Address}</small></h3><figure>{Pictures.Zone(zone)}</figure>");
        }

        Line($"</section>");
    }

    private void Processes()
    {
        Begin("processes", "Processes by memory");
        if (Absent(_report.Processes))
        {
            return;
        }

        IReadOnlyList<ProcessReport> rows = _report.Processes.Value!;
        ulong most = rows.Max(row => row.ResidentPages) ?? 0;
        Line($"<p class=\"soft\">{Count(rows.Count)} with memory of their"
            + $" own{(rows.Count > MostProcesses ? $", of which the largest {MostProcesses} are here" : "")}; {Count(_report.KernelThreads)} kernel threads"
            + $" have none. Resident memory counts what several share for each of them.</p>");
        Line($"<div class=\"wide\"><table><thead><tr><th class=\"n\">pid</th><th class=\"n\">parent</th><th class=\"n\">uid</th><th>state</th>"
            + $"<th class=\"n\">resident</th><th></th><th>name</th>");
        Line($"<th>{(_report.IsRedacted ? "" : "command line")}</th></tr></thead><tbody>");
        foreach (ProcessReport row in rows.Take(MostProcesses))
        {
            Line($"<tr><td class=\"n\">{Number(row.Pid)}</td><td class=\"n\">{Number(row.Parent)}</td><td class=\"n\">{Number(row.Uid)}</td>"
                + $"<td>{row.State?.ToString()}</td>");
            Line($"<td class=\"n\">{(row.ResidentPages is ulong pages ? Size.Text(pages * PageFrame.Size) : "?")}</td>"
                + $"<td class=\"bar\">{Pictures.Bar(row.ResidentPages ?? 0, most)}</td>");
            Line($"<td>{Name(row.Comm ?? "?")}</td><td class=\"mono\">{Name(string.Join(' ', row.Arguments ?? []))}</td></tr>");
        }

        Line($"</tbody></table></div></section>");
    }

    private void Devices()
    {
        Begin("devices", "Devices and what they reach");
        if (Absent(_report.Devices))
        {
            return;
        }

        IReadOnlyList<DeviceReport> rows = _report.Devices.Value!;
        ulong most = rows.Max(row => row.MappedBytes) ?? 0;
        Line($"<div class=\"wide\"><table><thead><tr><th>device</th><th>what</th><th>driver</th><th>unit</th><th class=\"n\">group</th><th class=\"n\">domain"
            + $"</th><th>mode</th>");
        Line($"<th>policy</th><th class=\"n\">reaches</th><th></th></tr></thead><tbody>");
        foreach (DeviceReport row in rows)
        {
            string ids = row is { VendorId: { } vendor, DeviceId: { } id } ? $"{vendor.Value:x4}:{id.Value:x4}" : "";
            string what = string.Join(' ', new[] { row.VendorName, row.DeviceName }.OfType<string>());
            bool isAll = row.MappedBytes is null;
            Line($"<tr><td class=\"mono\">{row.Device}</td><td>{(what.Length > 0 ? what : row.ClassName ?? ids)}</td><td>{Name(row.Driver ?? "-")}</td>"
                + $"<td>{row.Unit ?? "-"}</td>");
            Line($"<td class=\"n\">{Number(row.Group)}</td><td class=\"n\">{Number(row.Domain)}</td><td>{Flagged(row.Mode, isAll)}</td>");
            Line($"<td>{(row.Strict switch { true => "strict", false => "lazy", null => row.DomainType ?? "-" })}</td>");
            Line($"<td class=\"n\">{(row.MappedBytes is ulong bytes ? Size.Text(bytes) : "all memory")}</td>"
                + $"<td class=\"bar\">{Pictures.Bar(row.MappedBytes ?? most, most)}</td></tr>");
        }

        Line($"</tbody></table></div></section>");
    }

    private void Exposure()
    {
        Begin("exposure", "Exposure");
        if (Absent(_report.Exposure))
        {
            return;
        }

        ExposureReport exposure = _report.Exposure.Value!;
        Line($"<p class=\"soft\">What devices can do that they should not be able to:"
            + $" {(exposure.Findings.Count == 0 ? "nothing found" : Amount.Of((ulong)exposure.Findings.Count, "finding"))} in"
            + $" {Amount.Of((ulong)exposure.Counts.Devices, "device")}.</p>");
        foreach (var group in exposure.Findings.GroupBy(finding => (finding.Rule, finding.Severity)))
        {
            ExposureFinding first = group.First();
            string severity = first.Severity.ToString().ToLowerInvariant();
            Line($"<article class=\"finding {severity}\"><h3><span class=\"severity\">{severity}</span> {first.Title} <small>{first.Rule}</small></h3>");
            foreach (ExposureFinding finding in group)
            {
                Line($"<p>{finding.Message}</p>");
                Evidence(finding);
            }

            Line($"<p><b>What to do:</b> {first.Action} <span class=\"soft\">More: {first.Help}</span></p></article>");
        }

        Line($"</section>");
    }

    private void Evidence(ExposureFinding finding)
    {
        if (finding.Evidence.Count == 0)
        {
            return;
        }

        if (finding is { EvidenceCount: 1, Evidence: [ExposureEvidence only] })
        {
            string size = only.Bytes is ulong whole ? Size.Text(whole) : "";
            string rights = only.Iova is { } iova ? $"{only.Rights} at {iova}" : only.Rights ?? "";
            Line($"<p class=\"mono\">{only.Physical?.ToString() ?? only.Virtual?.ToString()} {size} {rights} {only.What}</p>");
            return;
        }

        Line($"<details{Attribute(finding.Evidence.Count <= 6 ? " open" : "")}><summary>{Amount.Of((ulong)finding.EvidenceCount, "piece")} of evidence"
            + $"</summary><div class=\"wide\"><table class=\"mono\"><thead><tr>");
        Line($"<th>where</th><th class=\"n\">size</th><th>rights</th><th>device's address</th><th>what</th></tr></thead><tbody>");
        foreach (ExposureEvidence piece in finding.Evidence.Take(MostEvidence))
        {
            Line($"<tr><td>{piece.Physical?.ToString() ?? piece.Virtual?.ToString()}</td>"
                + $"<td class=\"n\">{(piece.Bytes is ulong bytes ? Size.Text(bytes) : "")}</td><td>{piece.Rights}</td>");
            Line($"<td>{piece.Iova?.ToString()}</td><td>{piece.What}</td></tr>");
        }

        Line($"</tbody></table></div>");
        if (finding.EvidenceCount > MostEvidence)
        {
            Line($"<p class=\"soft\">and {Count(finding.EvidenceCount - Math.Min(MostEvidence, finding.Evidence.Count))} more: iommu-spy exposure --all</p>");
        }

        Line($"</details>");
    }

    private void Image()
    {
        Begin("image", "The image");
        Line($"<dl class=\"fields\">");
        Field("read as", Info.MemoryLayout);
        Field("command line", Info.CommandLine);
        Field("banner", Info.Banner);
        Field("kernel image", $"{Info.ImageStart}, {Size.Text(Info.ImageBytes)} at physical {Info.ImagePhysical}");
        Field("symbols", Info.SymbolCount == 0 ? $"none: {Info.Symbols}" : $"{Count(Info.SymbolCount)} ({Info.Symbols})");
        foreach (RangeReport range in Info.Ranges)
        {
            Field("memory", $"{range.Start} - {range.Last}  {Size.Text(range.End.Value - range.Start.Value)}");
        }

        Line($"</dl>");
        List("Damage of the image, and what it lacks", _report.Damage, "The image is whole: no damage was found, and nothing of memory is missing.");
        List("What the answers above lack", _report.Problems, "Nothing: every answer is complete.");
        Line($"</section>");
    }

    private void Found()
    {
        Begin("found", "How it was found");
        Line($"<div class=\"wide\"><table><thead><tr><th>fact</th><th>value</th><th>found by</th></tr></thead><tbody>");
        foreach (InfoFact fact in Info.Facts)
        {
            Line($"<tr><td>{fact.Name}</td><td class=\"mono\">{fact.Value ?? "not found"}</td><td>{string.Join(", ", fact.Sources)}</td></tr>");
        }

        Line($"</tbody></table></div>");
        List("Witnesses that disagree", Info.Disagreements, "All witnesses agree.");
        Line($"</section>");
    }

    private void List(string title, IReadOnlyList<string> lines, string none)
    {
        Line($"<h3>{title}</h3>");
        if (lines.Count == 0)
        {
            Line($"<p class=\"soft\">{none}</p>");
            return;
        }

        Line($"<ul class=\"warn\">");
        foreach (string line in lines)
        {
            Line($"<li>{line}</li>");
        }

        Line($"</ul>");
    }

    private void Field(string name, string? value)
    {
        if (value is not null)
        {
            Line($"<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
    }

    private void Begin(string id, string title) => Line($"<section id=\"{id}\"><h2>{title}</h2>");

    private bool Absent<T>(Part<T> part)
        where T : class
    {
        if (part.Absence is string why)
        {
            Line($"<p class=\"warn\">No answer: {why}.</p></section>");
            return true;
        }

        return false;
    }

    private void Line(HtmlText text) => _writer.Write(text.ToString() + "\n");

    private static Markup Flagged(string text, bool isBad) => new(Html($"<span{Attribute(isBad ? " class=\"bad\"" : "")}>{text}</span>"));

    private static Markup Attribute(string text) => new(text);

    private static string Html(HtmlText text) => text.ToString();

    private static string Name(string name) => Printable.Name(name);

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Share(ulong pages, ulong all) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * pages / Math.Max(1, all):0.0} %");

    private static string Severities(ExposureReport exposure) => exposure.Findings.Count == 0 ? "nothing found"
        : string.Join(", ", exposure.Findings.GroupBy(finding => finding.Severity).OrderByDescending(group => group.Key)
            .Select(group => $"{group.Count()} {group.Key.ToString().ToLowerInvariant()}"));

    private static string Means(Analysis.Reach.DeviceCounts counts) => string.Join(", ", new (int Count, string What)[]
        {
            (counts.Translated, "translated"), (counts.PassThrough, "passed through"), (counts.Blocked, "blocked"), (counts.NoIommu, "without IOMMU"),
        }.Where(pair => pair.Count > 0).Select(pair => $"{pair.Count} {pair.What}"));

    private static Markup Resource(string name)
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream);
        return new(reader.ReadToEnd());
    }
}
