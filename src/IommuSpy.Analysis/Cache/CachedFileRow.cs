using IommuSpy.Linux.Pages;

namespace IommuSpy.Analysis.Cache;

/// <summary>How many pages of a file are in the page cache.</summary>
/// <param name="File">The file.</param>
/// <param name="Pages">How many of 4 KiB.</param>
/// <param name="Dirty">How many of them are newer than what is on disk.</param>
/// <param name="Writeback">How many are being written.</param>
/// <param name="Referenced">How many were used since the kernel last looked.</param>
/// <param name="Active">How many are on an active list.</param>
/// <param name="Mapped">How many a process maps.</param>
internal sealed record CachedFileRow(PageFile File, ulong Pages, ulong Dirty, ulong Writeback, ulong Referenced, ulong Active, ulong Mapped);
