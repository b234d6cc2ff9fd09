using IommuSpy.Analysis;
using IommuSpy.Analysis.Captures;
using IommuSpy.Catalogue;

namespace IommuSpy.Export;

/// <summary>What stands beside the exported tables of a capture: which machine and moment it is, and what became of each table.</summary>
/// <param name="Version">Version of the names of tables and columns.</param>
/// <param name="Capture">The capture's id.</param>
/// <param name="Source">The image.</param>
/// <param name="Release">The kernel's release.</param>
/// <param name="Banner">Its banner.</param>
/// <param name="Hostname">The machine's name.</param>
/// <param name="Booted">When it booted.</param>
/// <param name="Taken">What time it was by its own clock.</param>
/// <param name="Types">What described the kernel's types; null where nothing did. What an earlier run wrote is kept where this is the same.</param>
/// <param name="MemoryBytes">How much memory the image holds.</param>
/// <param name="Tables">What became of each table.</param>
internal sealed record CaptureRecord(
    int Version, string Capture, string Source, string Release, string Banner, string? Hostname, DateTimeOffset? Booted, DateTimeOffset? Taken,
    string? Types, ulong MemoryBytes, IReadOnlyList<TableRecord> Tables)
{
    /// <summary>Of a machine of which nothing is exported yet.</summary>
    public static CaptureRecord Of(Machine machine, CaptureId id) => new(
        JsonNames.Version,
        id.ToString(),
        machine.Image.Path,
        machine.Kernel.Facts.Release.Value,
        machine.Kernel.Facts.Banner.Value,
        machine.Parts.Identity.Hostname,
        machine.Parts.Clock.Value?.Boot,
        machine.Parts.Clock.Value?.Now,
        machine.Parts.Objects.Value?.Types.Origin,
        machine.Kernel.Memory.ByteCount,
        []);
}
