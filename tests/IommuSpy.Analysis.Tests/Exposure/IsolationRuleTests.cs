using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Exposure.Rules;
using IommuSpy.Analysis.Exposure.Rules.Interrupts;
using IommuSpy.Analysis.Exposure.Rules.Isolation;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Rules about what keeps devices, their interrupts and their owners apart: what each finds, and what it leaves alone.</summary>
public sealed class IsolationRuleTests : IDisposable
{
    private const ulong Iova = 0xffff_f000;
    private const ulong Descriptor = 0x50_0040;

    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void An_interrupt_that_any_device_may_send_is_found_with_its_entry()
    {
        _stage.Facts.Interrupts.AddRange([Interrupt(3, source: null), Interrupt(4, new RequesterId(0, 3, 0))]);
        ExposureFinding finding = Assert.Single(new UncheckedSourceRule().Find(_stage.Build()));
        Assert.Equal("dmar0", finding.Unit);
        Assert.Contains("1 interrupt of 2", finding.Message, StringComparison.Ordinal);
        ExposureEvidence piece = Assert.Single(finding.Evidence);
        Assert.Equal(new PhysicalAddress(0x120_0030), piece.Physical);
        Assert.Contains("entry 3, vector 0x22", piece.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(IommuKind.VtD, true, true)]
    [InlineData(IommuKind.VtD, false, false)]
    [InlineData(IommuKind.AmdVi, true, false)]
    public void Interrupts_that_have_a_source_or_are_not_remapped_or_have_tables_of_their_own_are_not(IommuKind kind, bool remaps, bool hasSource)
    {
        _stage.Unit = _stage.Unit with { Kind = kind, RemapsInterrupts = remaps };
        _stage.Facts.Interrupts.Add(Interrupt(3, hasSource ? new RequesterId(0, 3, 0) : null));
        Assert.Empty(new UncheckedSourceRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_posted_interrupt_whose_descriptor_is_nobodys_is_found()
    {
        _stage.Facts.Interrupts.Add(Interrupt(5, new RequesterId(0, 3, 0), Descriptor));
        _stage.Facts.Targets = new() { [new(Descriptor + 0x1000)] = "CPU 0 of guest[9]" };
        ExposureFinding finding = Assert.Single(new PostedInterruptRule().Find(_stage.Build()));
        Assert.Contains($"posted to {new PhysicalAddress(Descriptor)} (no virtual CPU's)", finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_posted_interrupt_whose_descriptor_a_device_can_write_is_found_whosever_it_is()
    {
        _stage.Facts.Interrupts.Add(Interrupt(5, new RequesterId(0, 3, 0), Descriptor));
        _stage.Facts.Targets = new() { [new(Descriptor)] = "CPU 0 of guest[9]" };
        _stage.Map(_stage.Device(4), Iova, Descriptor & ~0xfffUL);
        ExposureFinding finding = Assert.Single(new PostedInterruptRule().Find(_stage.Build()));
        Assert.Contains($"0000:00:04.0 (e1000e) can write at {new IoVirtualAddress(Iova)}", finding.Evidence[0].What, StringComparison.Ordinal);
        Assert.Contains("CPU 0 of guest[9]", finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_posted_interrupt_to_a_living_CPU_or_where_nobody_tells_which_live_is_not(bool told)
    {
        _stage.Facts.Interrupts.Add(Interrupt(5, new RequesterId(0, 3, 0), Descriptor));
        _stage.Facts.Targets = told ? new() { [new(Descriptor)] = "CPU 0 of guest[9]" } : null;
        _stage.Map(_stage.Device(4), Iova, Descriptor & ~0xfffUL, AccessRights.Read);
        Assert.Empty(new PostedInterruptRule().Find(_stage.Build()));
    }

    [Theory]
    [InlineData("quiet pcie_acs_override=downstream,multifunction", "pcie_acs_override=downstream,multifunction:")]
    [InlineData("pci=noats,disable_acs_redir=pci:8086:1234", "pci=disable_acs_redir=pci:8086:1234:")]
    [InlineData("pci=config_acs=00x@pci:0:0", "pci=config_acs=00x@pci:0:0:")]
    public void An_option_that_makes_groups_smaller_is_found(string line, string says)
    {
        _stage.Facts.CommandLine = line;
        ExposureFinding finding = Assert.Single(new IsolationOverrideRule().Find(_stage.Build()));
        Assert.StartsWith(says, Assert.Single(finding.Evidence).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("intel_iommu=on pci=noats mypcie_acs_override=x")]
    [InlineData("quiet -- pcie_acs_override=downstream")]
    public void Other_options_and_those_for_init_are_not(string? line)
    {
        _stage.Facts.CommandLine = line;
        _stage.Facts.Flags["vfio_iommu_type1.allow_unsafe_interrupts"] = false;
        Assert.Empty(new IsolationOverrideRule().Find(_stage.Build()));
    }

    [Theory]
    [InlineData("vfio_iommu_type1.allow_unsafe_interrupts")]
    [InlineData("vfio.vfio_noiommu")]
    [InlineData("vfio.noiommu")]
    public void A_modules_parameter_that_gives_devices_away_unsafely_is_found(string flag)
    {
        _stage.Facts.Flags[flag] = true;
        _stage.Unit = _stage.Unit with { RemapsInterrupts = false };
        Assert.Equal(ExposureSeverity.Medium, Assert.Single(new IsolationOverrideRule().Find(_stage.Build())).Severity);
    }

    [Fact]
    public void Where_interrupts_are_remapped_it_is_a_note_that_VFIO_does_not_ask()
    {
        _stage.Facts.Flags["vfio_iommu_type1.allow_unsafe_interrupts"] = true;
        _stage.Unit = _stage.Unit with { RemapsInterrupts = true };
        ExposureFinding finding = Assert.Single(new IsolationOverrideRule().Find(_stage.Build()));
        Assert.Equal(ExposureSeverity.Note, finding.Severity);
        Assert.Contains("does not ask", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_of_a_user_with_a_device_of_the_kernels_is_found_with_both()
    {
        _stage.Device(3, kind: DomainKind.Unmanaged, strict: null, driver: "vfio-pci");
        _stage.Device(4, kind: DomainKind.Unmanaged, strict: null, driver: "nvme");
        ExposureFinding finding = Assert.Single(new SplitGroupRule().Find(_stage.Build()));
        Assert.Equal(["0000:00:04.0", "0000:00:03.0"], finding.Devices);
    }

    [Theory]
    [InlineData("vfio-pci", DomainKind.Unmanaged, 1, 0x020000)]
    [InlineData("pci-stub", DomainKind.Unmanaged, 1, 0x020000)]
    [InlineData(null, DomainKind.Unmanaged, 1, 0x020000)]
    [InlineData("pcieport", DomainKind.Unmanaged, 1, 0x060400)]
    [InlineData("nvme", DomainKind.Dma, 1, 0x020000)]
    [InlineData("nvme", DomainKind.Unmanaged, 2, 0x020000)]
    public void A_group_of_one_owner_or_that_no_user_has_opened_is_not(string? driver, DomainKind kind, uint group, uint code)
    {
        _stage.Device(3, kind: kind, strict: null, driver: "vfio-pci");
        _stage.Device(4, kind: kind, strict: null, driver: driver, group: group, code: code);
        Assert.Empty(new SplitGroupRule().Find(_stage.Build()));
    }

    // VT-d's PASID entry: SRE is bit 0 of the third quadword.
    [Theory]
    [InlineData(0UL, ExposureSeverity.Note)]
    [InlineData(1UL, ExposureSeverity.High)]
    public void A_PASID_with_the_tables_of_a_process_is_found_and_accused_of_nothing_else(ulong third, ExposureSeverity severity)
    {
        PhysicalAddress root = _stage.Device(3, pasid: 7, entry: [1, 0, third, 0, 0, 0, 0, 0]);
        _stage.Map(root, Iova, 0x50_0000);
        _stage.Facts.Processes[root] = "workload[173]";
        _stage.Facts.Pages[0x500] = new() { IsAnonymous = true, Users = [new("workload[173]", new(0x7000), Writable: true)] };
        ExposureScene scene = _stage.Build();
        ExposureFinding finding = Assert.Single(new SharedVirtualSpaceRule().Find(scene));
        Assert.Equal(severity, finding.Severity);
        Assert.Contains("workload[173]", finding.Message, StringComparison.Ordinal);
        Assert.Contains("PASID 7 of 0000:00:03.0", finding.Evidence[0].What, StringComparison.Ordinal);
        Assert.Empty(new ProcessMemoryRule().Find(scene));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(7, false)]
    public void Tables_of_no_process_or_of_requests_without_PASID_are_not(int? pasid, bool ofProcess)
    {
        PhysicalAddress root = _stage.Device(3, pasid: pasid, entry: [1, 0, 1, 0, 0, 0, 0, 0]);
        if (ofProcess)
        {
            _stage.Facts.Processes[root] = "workload[173]";
        }

        Assert.Empty(new SharedVirtualSpaceRule().Find(_stage.Build()));
    }

    [Fact]
    public void Tables_of_the_kernel_before_are_found_with_the_devices_that_still_have_them()
    {
        _stage.Unit = _stage.Unit with { BeganTranslating = true, Inherited = new HashSet<RequesterId> { new(0, 3, 0) } };
        _stage.Device(3);
        _stage.Device(4);
        ExposureFinding finding = Assert.Single(new InheritedTablesRule().Find(_stage.Build()));
        Assert.Equal(ExposureSeverity.Medium, finding.Severity);
        Assert.Contains("0000:00:03.0", Assert.Single(finding.Evidence).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_every_device_has_its_own_or_nothing_tells_it_is_a_note()
    {
        _stage.Device(3);
        _stage.Unit = _stage.Unit with { BeganTranslating = true, Inherited = new HashSet<RequesterId>() };
        Assert.Equal(ExposureSeverity.Note, Assert.Single(new InheritedTablesRule().Find(_stage.Build())).Severity);

        using Stage other = new();
        other.Device(3);
        other.Unit = other.Unit with { BeganTranslating = true };
        Assert.Contains("does not keep", Assert.Single(new InheritedTablesRule().Find(other.Build())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(null)]
    public void A_unit_that_this_kernel_turned_on_is_not(bool? began)
    {
        _stage.Unit = _stage.Unit with { BeganTranslating = began, Inherited = new HashSet<RequesterId>() };
        _stage.Device(3);
        Assert.Empty(new InheritedTablesRule().Find(_stage.Build()));
    }

    private static InterruptEntry Interrupt(int index, RequesterId? source, ulong? postedTo = null) =>
        new(index, new(0x120_0000 + ((ulong)index * 16)), [1, 0], source, 0x22, postedTo is null ? 1 : null, IsLogical: false, 0, IsLevel: false,
            postedTo is ulong at ? new PhysicalAddress(at) : null);
}
