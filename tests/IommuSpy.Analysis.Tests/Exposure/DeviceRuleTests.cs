using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Exposure.Rules;
using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Rules about devices and units: what each finds, and what it leaves alone.</summary>
public sealed class DeviceRuleTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void Nothing_is_found_on_a_strict_translated_machine()
    {
        _stage.Map(_stage.Device(3), 0xffff_f000, 0x50_0000);
        _stage.Device(4);
        _stage.Facts.CompatibilityInterrupts = false;
        Assert.Empty(ExposureReport.Ask(_stage.Build()));
    }

    [Theory]
    [InlineData(0x020000u, true, false, ExposureSeverity.High)]
    [InlineData(0x020000u, false, false, ExposureSeverity.Low)]
    [InlineData(0x060100u, true, false, ExposureSeverity.Low)]
    [InlineData(0x020000u, true, true, ExposureSeverity.Critical)]
    public void A_device_before_no_iommu_is_found(uint code, bool busMaster, bool untrusted, ExposureSeverity severity)
    {
        _stage.Device(3, code: code, busMaster: busMaster, untrusted: untrusted, served: false, kind: null);
        Assert.Equal(severity, Assert.Single(new NoIommuRule().Find(_stage.Build())).Severity);
    }

    [Fact]
    public void A_device_whose_unit_is_off_is_before_no_iommu()
    {
        _stage.Unit = _stage.Unit with { Translating = false };
        _stage.Device(3);
        ExposureScene scene = _stage.Build();
        Assert.Single(new NoIommuRule().Find(scene));
        Assert.Equal("dmar0", Assert.Single(new TranslationOffRule().Find(scene)).Unit);
    }

    [Fact]
    public void A_device_behind_a_unit_that_translates_is_not()
    {
        _stage.Device(3);
        ExposureScene scene = _stage.Build();
        Assert.Empty(new NoIommuRule().Find(scene));
        Assert.Empty(new TranslationOffRule().Find(scene));
    }

    [Fact]
    public void A_unit_without_tables_is_off()
    {
        _stage.Unit = _stage.Unit with { Mode = IommuMode.None, Translating = null };
        Assert.Single(new TranslationOffRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_device_that_is_passed_through_is_found_with_its_entry()
    {
        _stage.Device(3, DmaMode.PassThrough, DomainKind.Identity, strict: null, entry: [9, 0x102]);
        ExposureFinding finding = Assert.Single(new PassThroughRule().Find(_stage.Build()));
        Assert.Equal(ExposureSeverity.High, finding.Severity);
        Assert.Contains("0000000000000009 0000000000000102", finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DmaMode.Translated)]
    [InlineData(DmaMode.Blocked)]
    public void A_device_that_is_translated_or_blocked_is_not_passed_through(DmaMode mode)
    {
        _stage.Device(3, mode);
        Assert.Empty(new PassThroughRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_lazy_domain_is_found_and_a_strict_one_is_not()
    {
        _stage.Device(3, strict: false);
        _stage.Device(4, strict: true);
        _stage.Device(5, strict: null);
        Assert.Equal("0000:00:03.0", Assert.Single(new LazyInvalidationRule().Find(_stage.Build())).Device);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_device_that_translates_itself_is_found(bool kernel, bool entry)
    {
        _stage.Device(3, ats: kernel, deviceTlb: entry);
        Assert.Single(new DeviceTlbRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_device_that_does_not_is_not()
    {
        _stage.Device(3);
        Assert.Empty(new DeviceTlbRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_range_of_firmware_is_found_at_the_device_that_has_it()
    {
        _stage.Device(3, reserved: new FirmwareMemory(new(0x7f00_0000), new(0x7f0f_ffff), Readable: true, Writable: true, IsExclusion: false, []));
        _stage.Device(4);
        ExposureFinding finding = Assert.Single(new FirmwareRangeRule().Find(_stage.Build()));
        Assert.Equal("0000:00:03.0", finding.Device);
        Assert.Equal(0x10_0000UL, finding.Evidence[0].Bytes);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    [InlineData(null, 0)]
    public void Interrupts_that_are_not_remapped_are_found_and_what_is_not_known_is_not(bool? remaps, int findings)
    {
        _stage.Unit = _stage.Unit with { RemapsInterrupts = remaps };
        Assert.Equal(findings, new InterruptRemappingOffRule().Find(_stage.Build()).Count());
    }

    [Theory]
    [InlineData(true, true, 1)]
    [InlineData(true, false, 0)]
    [InlineData(true, null, 0)]
    [InlineData(false, true, 0)]
    public void Compatibility_interrupts_are_found_where_remapping_is_on(bool remaps, bool? compatible, int findings)
    {
        _stage.Unit = _stage.Unit with { RemapsInterrupts = remaps };
        _stage.Facts.CompatibilityInterrupts = compatible;
        Assert.Equal(findings, new CompatibilityInterruptsRule().Find(_stage.Build()).Count());
    }

    // AMD-Vi, third quadword: bit 0 IV, bits 60-61 IntCtl (0 refuse, 1 forward, 2 remap).
    [Theory]
    [InlineData(0UL, 1)]
    [InlineData(0x1000_0000_0000_0001UL, 1)]
    [InlineData(0x2000_0000_0000_0001UL, 0)]
    [InlineData(0x0000_0000_0000_0001UL, 0)]
    public void An_entry_that_leaves_interrupts_alone_is_found(ulong third, int findings)
    {
        _stage.Unit = _stage.Unit with { Kind = IommuKind.AmdVi, Name = "ivhd0" };
        _stage.Device(3, entry: [3, 0, third, 0]);
        Assert.Equal(findings, new DeviceInterruptsRule().Find(_stage.Build()).Count());
    }

    [Fact]
    public void Entries_of_another_vendor_say_nothing_of_interrupts()
    {
        _stage.Device(3, entry: [3, 0, 0, 0]);
        Assert.Empty(new DeviceInterruptsRule().Find(_stage.Build()));
    }

    [Theory]
    [InlineData(DomainKind.Dma, DmaMode.PassThrough, ExposureSeverity.High)]
    [InlineData(DomainKind.Blocked, DmaMode.Translated, ExposureSeverity.High)]
    [InlineData(DomainKind.Dma, DmaMode.Blocked, ExposureSeverity.Note)]
    public void What_the_kernel_believes_and_the_tables_do_not_say_is_found(DomainKind kind, DmaMode mode, ExposureSeverity severity)
    {
        _stage.Device(3, mode, kind);
        Assert.Equal(severity, Assert.Single(new DomainDisagreementRule().Find(_stage.Build())).Severity);
    }

    [Theory]
    [InlineData(DomainKind.Dma, DmaMode.Translated)]
    [InlineData(DomainKind.Identity, DmaMode.PassThrough)]
    [InlineData(DomainKind.Identity, DmaMode.Translated)]
    [InlineData(DomainKind.Blocked, DmaMode.Blocked)]
    public void What_agrees_is_not(DomainKind kind, DmaMode mode)
    {
        _stage.Device(3, mode, kind);
        Assert.Empty(new DomainDisagreementRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_report_about_one_device_has_its_own_and_its_units_findings()
    {
        _stage.Device(3, strict: false);
        _stage.Device(4, strict: false);
        _stage.Unit = _stage.Unit with { RemapsInterrupts = false };
        ExposureScene scene = _stage.Build();
        ExposureReport report = new(ExposureReport.Ask(scene), Reach.DeviceCounts.Of(scene.Devices), []);
        Assert.Equal(["interrupt-remapping-off", "lazy-invalidation"], report.About(scene.Devices[0]).Findings.Select(finding => finding.Rule));
    }
}
