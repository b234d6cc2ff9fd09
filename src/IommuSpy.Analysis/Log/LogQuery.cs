namespace IommuSpy.Analysis.Log;

/// <summary>Which messages are wanted. Null is any.</summary>
/// <param name="Levels">Of these levels.</param>
/// <param name="Facility">Of this facility.</param>
/// <param name="Since">From this moment on.</param>
/// <param name="Until">Up to this moment.</param>
/// <param name="Faults">Whether IOMMUs' events are explained.</param>
public sealed record LogQuery(IReadOnlySet<int>? Levels = null, int? Facility = null, LogMoment? Since = null, LogMoment? Until = null, bool Faults = false);
