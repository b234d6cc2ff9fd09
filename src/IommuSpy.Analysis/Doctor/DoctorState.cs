namespace IommuSpy.Analysis.Doctor;

/// <summary>How well something works here.</summary>
public enum DoctorState
{
    /// <summary>It works.</summary>
    Works,

    /// <summary>It works in part.</summary>
    Limited,

    /// <summary>It does not work.</summary>
    Missing,
}
