namespace IommuSpy.Linux.Modules;

/// <summary>How far a module's life has got (include/linux/module.h, enum module_state).</summary>
public enum ModuleState
{
    /// <summary>In use.</summary>
    Live,

    /// <summary>Its init function runs.</summary>
    Coming,

    /// <summary>Its exit function runs, or its memory is being freed.</summary>
    Going,

    /// <summary>It is still being set up: most of its fields mean nothing yet.</summary>
    Unformed,
}
