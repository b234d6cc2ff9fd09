namespace IommuSpy.Analysis.Doctor;

/// <summary>One thing that the live commands use, and whether it is to be had here.</summary>
/// <param name="Name">What it is: "/proc/kcore".</param>
/// <param name="State">How well it works.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">What would help; null where nothing is needed.</param>
/// <param name="Serves">Which commands need it.</param>
public sealed record DoctorLine(string Name, DoctorState State, string Detail, string? Remedy, string Serves);
