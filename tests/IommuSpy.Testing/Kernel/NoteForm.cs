namespace IommuSpy.Testing.Kernel;

/// <summary>How a built kernel keeps its VMCOREINFO text.</summary>
public enum NoteForm
{
    /// <summary>It has none: CONFIG_CRASH_DUMP is off.</summary>
    None,

    /// <summary>Until 4.12: the symbol vmcoreinfo_data is an array that holds the text.</summary>
    Array,

    /// <summary>Since 4.13: the symbol vmcoreinfo_data is a pointer to a page of its own, in the direct map.</summary>
    Pointer,
}
