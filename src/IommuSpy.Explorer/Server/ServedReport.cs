using System.Text.Json;
using IommuSpy.Analysis;

namespace IommuSpy.Explorer.Server;

/// <summary>An answer that is no table, as the explorer serves it.</summary>
/// <param name="Name">Its name: "explain".</param>
/// <param name="Write">
/// Asks a machine, by the parameters of an address, and writes the members of the answer's document; it may end early where nobody waits for it any more.
/// </param>
internal sealed record ServedReport(string Name, Action<Machine, Parameters, Utf8JsonWriter, CancellationToken> Write);
