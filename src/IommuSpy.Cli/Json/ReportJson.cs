using System.Text.Json.Serialization;
using IommuSpy.Analysis.Acquisition;
using IommuSpy.Analysis.Conversion;
using IommuSpy.Analysis.Doctor;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Analysis.Layout;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Read;
using IommuSpy.Analysis.Running;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.Types;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Watch;
using IommuSpy.Analysis.Who;
using IommuSpy.Cli.Sarif;
using IommuSpy.Explorer.Report;
using IommuSpy.Export;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Slab;

namespace IommuSpy.Cli.Json;

/// <summary>The JSON of every report. Source-generated: there is no reflection in the native program.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    Converters =
    [
        typeof(PhysicalAddressConverter), typeof(IoVirtualAddressConverter), typeof(VirtualAddressConverter), typeof(PageFrameConverter),
        typeof(HexValueConverter),
        typeof(CamelCaseEnumConverter<RootKind>), typeof(CamelCaseEnumConverter<NonPresentKind>),
        typeof(CamelCaseEnumConverter<PageKind>), typeof(CamelCaseEnumConverter<SlabObjectState>), typeof(CamelCaseEnumConverter<InferenceConfidence>),
        typeof(CamelCaseEnumConverter<FaultKind>), typeof(CamelCaseEnumConverter<RegionKind>),
        typeof(CamelCaseEnumConverter<DoctorState>), typeof(CamelCaseEnumConverter<ExposureSeverity>),
    ])]
[JsonSerializable(typeof(AcquireReport))]
[JsonSerializable(typeof(ConvertReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(ExportReport))]
[JsonSerializable(typeof(InfoReport))]
[JsonSerializable(typeof(LayoutReport))]
[JsonSerializable(typeof(DocumentedLayoutReport))]
[JsonSerializable(typeof(TranslationReport))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(IovaExplanation))]
[JsonSerializable(typeof(ExposureReport))]
[JsonSerializable(typeof(SarifLog))]
[JsonSerializable(typeof(ReachReport))]
[JsonSerializable(typeof(ProcessReachReport))]
[JsonSerializable(typeof(ReadReport))]
[JsonSerializable(typeof(RunningPagesSummary))]
[JsonSerializable(typeof(WriteReport))]
[JsonSerializable(typeof(WrittenReport))]
[JsonSerializable(typeof(WatchReport))]
[JsonSerializable(typeof(TypeReport))]
[JsonSerializable(typeof(ValueReport))]
[JsonSerializable(typeof(IommuAnswer))]
[JsonSerializable(typeof(FaultReport))]
[JsonSerializable(typeof(DeviceTranslationReport))]
[JsonSerializable(typeof(WhoReport))]
[JsonSerializable(typeof(HostPageReport))]
[JsonSerializable(typeof(PageReport))]
[JsonSerializable(typeof(PagesSummary))]
[JsonSerializable(typeof(SlabAddressReport))]
[JsonSerializable(typeof(BuddyReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
