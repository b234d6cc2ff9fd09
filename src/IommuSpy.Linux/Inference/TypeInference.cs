using IommuSpy.Linux.Inference.Files;
using IommuSpy.Linux.Inference.Memory;
using IommuSpy.Linux.Inference.Modules;
using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Inference.Pci;
using IommuSpy.Linux.Inference.Slab;
using IommuSpy.Linux.Inference.Tasks;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference;

/// <summary>
/// Infers structures from the data, each step from what other steps found. A step that fails states why, and those that need it are refused for that reason.
/// </summary>
internal static class TypeInference
{
    /// <summary>Every step. Their order here decides only between those that need neither each other nor what the other needs.</summary>
    public static IReadOnlyList<InferenceStep> Steps { get; } =
    [
        new TaskListStep(), new ThreadStep(), new TaskNumberStep(), new TaskGroupStep(), new TaskFamilyStep(), new TaskFlagStep(), new TaskStackStep(),
        new CredentialStep(),
        new MemoryMapStep(), new AreaStep(), new AreaRightStep(), new ProcessLimitStep(),
        new FileStep(), new InodeModeStep(), new FileMappingStep(), new SuperBlockStep(), new SuperBlockListStep(), new InodeNumberStep(),
        new FileSystemTypeStep(), new EntryHashStep(), new EntryOperationStep(), new MountStep(),
        new AreaOperationStep(), new AreaOffsetStep(), new SpecialAreaStep(),
        new PageMappingStep(), new PageFieldStep(), new FolioFlagStep(), new CompoundPageStep(),
        new ZoneStep(), new FreeAreaStep(), new CpuPageStep(), new SwapStep(),
        new SlabCacheStep(), new SlabNodeStep(), new SlabPageStep(),
        new ModuleStep(), new ModuleSymbolStep(), new VmallocStep(),
        new PciBusStep(), new PciDeviceStep(), new PciResourceStep(),
    ];

    /// <summary>Infers all that can be.</summary>
    /// <exception cref="MissingTypeException">There is no list of tasks to start from.</exception>
    public static InferredTypes Run(LinuxKernel kernel)
    {
        InferenceContext context = new(kernel.Still(), kernel.Memory.Changes ? Environment.ProcessId : null);
        StepResults results = new();
        foreach (InferenceStep step in StepOrder.Of(Steps))
        {
            step.Run(context, results);
        }

        return context.Book.Close();
    }
}
