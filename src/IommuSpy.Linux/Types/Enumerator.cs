namespace IommuSpy.Linux.Types;

/// <summary>A value of an enumeration.</summary>
/// <param name="Name">Its name: "PG_locked".</param>
/// <param name="Value">Its value; of an unsigned 64-bit one, the same bits.</param>
public readonly record struct Enumerator(string Name, long Value);
