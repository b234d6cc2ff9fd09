namespace IommuSpy.Translation;

/// <summary>What a translation lets its user do.</summary>
[Flags]
public enum AccessRights
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read.</summary>
    Read = 1,

    /// <summary>Write.</summary>
    Write = 2,

    /// <summary>Fetch instructions.</summary>
    Execute = 4,

    /// <summary>From user mode too (x86-64: U/S set at every level).</summary>
    User = 8,
}
