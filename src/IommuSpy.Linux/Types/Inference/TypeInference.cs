namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// Infers structures from the data, each step from what the steps before it found. A step that fails states why, and those that need it are refused too.
/// </summary>
internal static class TypeInference
{
    /// <summary>Infers all that can be.</summary>
    /// <exception cref="MissingTypeException">There is no list of tasks to start from.</exception>
    public static InferredTypes Run(LinuxKernel kernel)
    {
        InferenceState state = new(kernel.Still(), kernel.Memory.Changes ? Environment.ProcessId : null);
        TaskListStep.Run(state);
        ThreadStep.Run(state);
        TaskNumberStep.Run(state);
        TaskFamilyStep.Run(state);
        TaskPropertyStep.Run(state);
        CredentialStep.Run(state);
        MemoryMapStep.Run(state);
        AreaStep.Run(state);
        AreaPropertyStep.Run(state);
        FileStep.Run(state);
        SuperBlockStep.Run(state);
        FileSystemTypeStep.Run(state);
        DirectoryEntryStep.Run(state);
        MountStep.Run(state);
        SpecialAreaStep.Run(state);
        PageStep.Run(state);
        ZoneStep.Run(state);
        FreeAreaStep.Run(state);
        CpuPageStep.Run(state);
        SwapStep.Run(state);
        SlabCacheStep.Run(state);
        SlabPageStep.Run(state);
        ModuleStep.Run(state);
        ModuleSymbolStep.Run(state);
        VmallocStep.Run(state);
        PciBusStep.Run(state);
        PciDeviceStep.Run(state);
        PciResourceStep.Run(state);
        return state.Book.Close();
    }
}
