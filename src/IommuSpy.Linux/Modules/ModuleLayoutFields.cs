using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Modules;

/// <summary>Where a kernel before 6.4 keeps a module's memory: one run, whose parts end at these distances from its start.</summary>
/// <param name="Start">A pointer to the run.</param>
/// <param name="Size">Bytes of all of it.</param>
/// <param name="TextEnd">Bytes of text.</param>
/// <param name="ReadOnlyEnd">Bytes of text and read-only data.</param>
/// <param name="ReadOnlyAfterInitEnd">Bytes of these and what becomes read-only when loading is done.</param>
internal sealed record ModuleLayoutFields(Field Start, Field Size, Field? TextEnd, Field? ReadOnlyEnd, Field? ReadOnlyAfterInitEnd);
