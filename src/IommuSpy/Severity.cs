namespace IommuSpy;

/// <summary>How bad a finding of the audit is, the worst last.</summary>
public enum Severity
{
    /// <summary>Worth knowing: nothing is wrong by itself.</summary>
    Note,

    /// <summary>Makes other weaknesses worse, or is open for a moment.</summary>
    Low,

    /// <summary>A device can learn or change what is not its own, but little of it or not at will.</summary>
    Medium,

    /// <summary>A device can change what decides about others: all of memory, or what kernel code trusts.</summary>
    High,

    /// <summary>A device can take over the machine at once.</summary>
    Critical,
}
