using IommuSpy.Analysis.Exposure.Rules;

namespace IommuSpy.Analysis.Exposure;

/// <summary>All rules of the audit.</summary>
public static class ExposureRules
{
    /// <summary>Each rule, those that are about the whole machine first.</summary>
    public static IReadOnlyList<IExposureRule> All { get; } =
    [
        new NoIommuRule(),
        new PassThroughRule(),
        new TranslationOffRule(),
        new IdentityTablesRule(),
        new KernelTextRule(),
        new KernelRodataRule(),
        new KernelDataRule(),
        new PageTableRule(),
        new IommuTableRule(),
        new ProcessMemoryRule(),
        new UserMemoryRule(),
        new SlabNeighboursRule(),
        new SocketBufferRule(),
        new FreePageRule(),
        new SharedPageRule(),
        new ReadOnlyPageRule(),
        new OneToOneRangeRule(),
        new FirmwareRangeRule(),
        new DeviceTlbRule(),
        new InterruptRemappingOffRule(),
        new CompatibilityInterruptsRule(),
        new DeviceInterruptsRule(),
        new LazyInvalidationRule(),
        new DomainDisagreementRule(),
    ];
}
