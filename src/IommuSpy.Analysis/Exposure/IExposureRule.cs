namespace IommuSpy.Analysis.Exposure;

/// <summary>One question of the audit. Each has a page docs/exposure/ID.md: what it means, how an attacker uses it, how to fix it.</summary>
public interface IExposureRule
{
    /// <summary>Stable name, in words with hyphens.</summary>
    string Id { get; }

    /// <summary>What it finds, in a few words.</summary>
    string Title { get; }

    /// <summary>How bad a finding is as a rule.</summary>
    ExposureSeverity Severity { get; }

    /// <summary>What to do about it.</summary>
    string Action { get; }

    /// <summary>Asks the rule of a scene.</summary>
    IEnumerable<ExposureFinding> Find(ExposureScene scene);
}
