using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>The zones of all nodes.</summary>
/// <param name="All">Every struct zone that has memory, its first page frame, and the number of frames that it spans.</param>
/// <param name="Bytes">sizeof(struct zone).</param>
/// <param name="NameAt">zone.name.</param>
internal sealed record NodeZones(List<(ulong Address, PageFrame Start, ulong Spanned)> All, int Bytes, int NameAt);
