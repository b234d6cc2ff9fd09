namespace IommuSpy.Linux.Hooks;

/// <summary>How the kernel is led out of its own code.</summary>
public enum KernelHookKind
{
    /// <summary>An instruction of its code leads there.</summary>
    Code,

    /// <summary>A pointer in its data leads there: of a table of functions, of system calls.</summary>
    Pointer,

    /// <summary>A gate of the interrupt table leads there.</summary>
    Interrupt,

    /// <summary>It is registered with the function tracer.</summary>
    Tracer,

    /// <summary>A probe is set on an instruction.</summary>
    Probe,

    /// <summary>Memory that the kernel can execute, and that neither it nor a module has.</summary>
    Memory,
}
