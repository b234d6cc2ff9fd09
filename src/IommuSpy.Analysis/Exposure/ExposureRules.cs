using IommuSpy.Analysis.Exposure.Rules;
using IommuSpy.Analysis.Exposure.Rules.Interrupts;
using IommuSpy.Analysis.Exposure.Rules.Isolation;
using IommuSpy.Analysis.Exposure.Rules.Pages;

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
        new IommuQueueRule(),
        new ProcessMemoryRule(),
        new UserMemoryRule(),
        new SlabNeighboursRule(),
        new SocketBufferRule(),
        new FreePageRule(),
        new UnbouncedPageRule(),
        new RepeatedPageRule(),
        new OutdatedPinRule(),
        new SharedPageRule(),
        new ReadOnlyPageRule(),
        new OneToOneRangeRule(),
        new FirmwareRangeRule(),
        new PeerRegistersRule(),
        new DeviceTlbRule(),
        new InterruptRemappingOffRule(),
        new CompatibilityInterruptsRule(),
        new DeviceInterruptsRule(),
        new UncheckedSourceRule(),
        new PostedInterruptRule(),
        new LazyInvalidationRule(),
        new DomainDisagreementRule(),
        new IsolationOverrideRule(),
        new SplitGroupRule(),
        new SharedVirtualSpaceRule(),
        new InheritedTablesRule(),
    ];
}
