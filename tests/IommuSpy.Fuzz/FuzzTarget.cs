namespace IommuSpy.Fuzz;

/// <summary>A reader of foreign bytes.</summary>
/// <param name="Name">What `make fuzz TARGET=` calls it.</param>
/// <param name="Seeds">Good inputs, generated, from which it starts.</param>
/// <param name="Run">Reads an input; any exception that it lets through is a finding.</param>
internal sealed record FuzzTarget(string Name, Func<IReadOnlyList<byte[]>> Seeds, Action<byte[]> Run);
