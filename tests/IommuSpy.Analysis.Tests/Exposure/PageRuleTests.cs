using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Exposure.Rules;
using IommuSpy.Analysis.Exposure.Rules.Pages;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Rules about pages that devices are let at: what each finds, and what it leaves alone.</summary>
public sealed class PageRuleTests : IDisposable
{
    private const ulong Iova = 0xffff_f000;
    private const ulong Frame = 0x500;

    private readonly Stage _stage = new();

    public static TheoryData<string> PageFactRules =>
        ["writable-kernel-text", "writable-kernel-rodata", "writable-kernel-data", "writable-page-table", "writable-iommu-table", "writable-iommu-queue",
            "mapped-free-page"];

    public void Dispose() => _stage.Dispose();

    [Theory]
    [MemberData(nameof(PageFactRules))]
    public void A_page_of_its_kind_that_a_device_can_write_is_found(string rule)
    {
        _stage.Facts.Pages[Frame] = FactsFor(rule);
        ExposureFinding finding = Assert.Single(Ask(rule, Iova, Frame << 12, Stage.ReadWrite));
        Assert.Equal("0000:00:03.0", finding.Device);
        ExposureEvidence piece = Assert.Single(finding.Evidence);
        Assert.Equal(new PhysicalAddress(Frame << 12), piece.Physical);
        Assert.Equal(new IoVirtualAddress(Iova), piece.Iova);
        Assert.Equal("rw", piece.Rights);
    }

    [Theory]
    [MemberData(nameof(PageFactRules))]
    public void A_page_of_another_kind_is_not(string rule) => Assert.Empty(Ask(rule, Iova, Frame << 12, Stage.ReadWrite));

    [Theory]
    [InlineData("writable-kernel-text")]
    [InlineData("writable-kernel-rodata")]
    [InlineData("writable-kernel-data")]
    [InlineData("writable-page-table")]
    [InlineData("writable-iommu-table")]
    [InlineData("writable-iommu-queue")]
    public void A_page_that_a_device_can_only_read_is_not(string rule)
    {
        _stage.Facts.Pages[Frame] = FactsFor(rule);
        Assert.Empty(Ask(rule, Iova, Frame << 12, AccessRights.Read));
    }

    /// <summary>Two pages in turn, so that none goes on where the one before ended.</summary>
    [Fact]
    public void Pieces_of_evidence_are_counted_beyond_those_that_are_kept()
    {
        const int Kept = 1 << 16;
        PhysicalAddress root = _stage.Device(3);
        _stage.Facts.Pages[Frame] = _stage.Facts.Pages[Frame + 2] = FactsFor("writable-kernel-text");
        for (ulong i = 0; i < Kept + 3; i++)
        {
            _stage.Map(root, i << 12, (Frame + ((i & 1) * 2)) << 12);
        }

        ExposureFinding finding = Assert.Single(new KernelTextRule().Find(_stage.Build()));
        Assert.Contains("65,539 pages", finding.Message, StringComparison.Ordinal);
        Assert.Equal(Kept + 3, finding.EvidenceCount);
        Assert.Equal(ExposureReport.MostEvidence, finding.Evidence.Count);
    }

    [Fact]
    public void No_more_pages_are_looked_at_than_the_budget_has_and_that_is_said()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0, 0, pages: 20);
        WorkBudget budget = new(pages: 10);
        ExposureScene scene = _stage.Build(budget);
        Assert.Equal(10, Assert.Single(scene.RestrictingSpaces.Select(scene.PagesOf)).Count);
        Assert.Contains("10 pages that devices are let at", Assert.Single(budget.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Free_pages_in_a_range_that_is_mapped_one_to_one_are_no_leftovers()
    {
        _stage.Facts.Pages[Frame] = FactsFor("mapped-free-page");
        Assert.Empty(Ask("mapped-free-page", Frame << 12, Frame << 12, Stage.ReadWrite));
    }

    [Fact]
    public void Code_of_a_module_counts_as_kernel_code()
    {
        _stage.Facts.Pages[Frame] = new() { ModuleCode = "e1000e" };
        Assert.Single(Ask("writable-kernel-text", Iova, Frame << 12, Stage.ReadWrite));
    }

    [Fact]
    public void Pages_that_follow_one_another_are_one_piece_of_evidence()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova, Frame << 12, Stage.ReadWrite, 3);
        for (ulong i = 0; i < 3; i++)
        {
            _stage.Facts.Pages[Frame + i] = new() { Image = ImagePart.Text, What = "kernel text" };
        }

        ExposureEvidence piece = Assert.Single(Assert.Single(new KernelTextRule().Find(_stage.Build())).Evidence);
        Assert.Equal(3UL * PageFrame.Size, piece.Bytes);
    }

    [Fact]
    public void What_everybody_may_only_read_and_a_device_write_is_found()
    {
        _stage.Facts.Pages[Frame] = new() { Users = [new("sh[1]", new(0x400000), Writable: false)] };
        Assert.Single(Ask("writable-read-only-page", Iova, Frame << 12, Stage.ReadWrite));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void What_somebody_may_write_or_waits_to_be_copied_is_not(bool writable, bool anonymous)
    {
        _stage.Facts.Pages[Frame] = new() { IsAnonymous = anonymous, Users = [new("sh[1]", new(0x400000), writable)] };
        Assert.Empty(Ask("writable-read-only-page", Iova, Frame << 12, Stage.ReadWrite));
    }

    [Theory]
    [InlineData(DomainKind.Dma, Iova, ExposureSeverity.Medium)]
    [InlineData(DomainKind.Dma, Frame << 12, ExposureSeverity.High)]
    public void Anonymous_memory_that_a_device_can_write_is_found(DomainKind kind, ulong iova, ExposureSeverity severity)
    {
        PhysicalAddress root = _stage.Device(3, kind: kind);
        _stage.Map(root, iova, Frame << 12);
        _stage.Facts.Pages[Frame] = new() { IsAnonymous = true, Users = [new("sshd[7]", new(0x7000), Writable: true)] };
        ExposureFinding finding = Assert.Single(new ProcessMemoryRule().Find(_stage.Build()));
        Assert.Equal(severity, finding.Severity);
        Assert.Contains("sshd[7]", finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_that_a_process_gave_is_its_own_affair_and_another_ones_is_not()
    {
        PhysicalAddress root = _stage.Device(3, kind: DomainKind.Unmanaged, strict: null);
        _stage.Map(root, Iova - 0x10000, Frame << 12, Stage.ReadWrite, 3);
        for (ulong i = 0; i < 3; i++)
        {
            _stage.Facts.Pages[Frame + i] = new() { IsAnonymous = true, Users = [new("qemu[9]", new(0x7000 + (i << 12)), Writable: true)] };
        }

        ExposureScene scene = _stage.Build();
        Assert.Empty(new ProcessMemoryRule().Find(scene));
        Assert.Equal(ExposureSeverity.Note, Assert.Single(new UserMemoryRule().Find(scene)).Severity);

        using Stage second = new();
        root = second.Device(3, kind: DomainKind.Unmanaged, strict: null);
        second.Map(root, Iova - 0x10000, Frame << 12, Stage.ReadWrite, 3);
        for (ulong i = 0; i < 3; i++)
        {
            second.Facts.Pages[Frame + i] = new()
            {
                IsAnonymous = true,
                Users = [new(i == 2 ? "sshd[7]" : "qemu[9]", new(0x7000 + (i << 12)), Writable: true)]
            };
        }

        ExposureFinding other = Assert.Single(new ProcessMemoryRule().Find(second.Build()));
        Assert.Equal(ExposureSeverity.High, other.Severity);
        Assert.Contains("sshd[7]", Assert.Single(other.Evidence).What, StringComparison.Ordinal);
    }

    [Fact]
    public void User_memory_in_the_kernels_own_domain_is_given_by_nobody()
    {
        _stage.Facts.Pages[Frame] = new() { Users = [new("sh[1]", new(0x400000), Writable: true)] };
        Assert.Empty(Ask("user-memory", Iova, Frame << 12, Stage.ReadWrite));
    }

    [Fact]
    public void A_live_object_beside_a_buffer_is_found_and_named()
    {
        SlabPages slab = _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Live);
        _stage.Facts.Packets.Add(new(new(0xffff_8880_0100_0000), slab.Objects[0].Address, new(Frame << 12), slab.Objects[0].Address + 0x700,
            new((Frame << 12) + 0x700), 0x28));
        _stage.Facts.Functions[slab.Objects[1].Address.Value] = ["super_cache_scan"];
        ExposureFinding finding = Assert.Single(Ask("slab-neighbours", Iova, Frame << 12, Stage.ReadWrite));
        Assert.Equal(ExposureSeverity.High, finding.Severity);
        Assert.Contains("1 live object ", finding.Message, StringComparison.Ordinal);
        Assert.Contains($"{slab.Objects[1].Address} (points at functions: super_cache_scan)", finding.Evidence[0].What, StringComparison.Ordinal);
        Assert.DoesNotContain(slab.Objects[0].Address.ToString(), finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_only_reads_can_call_nothing()
    {
        SlabPages slab = _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Live);
        _stage.Facts.Functions[slab.Objects[1].Address.Value] = ["super_cache_scan"];
        Assert.Equal(ExposureSeverity.Low, Assert.Single(Ask("slab-neighbours", Iova, Frame << 12, AccessRights.Read)).Severity);
    }

    [Fact]
    public void A_buffer_alone_or_beside_free_objects_exposes_nothing()
    {
        _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Free);
        Assert.Empty(Ask("slab-neighbours", Iova, Frame << 12, Stage.ReadWrite));
    }

    [Fact]
    public void Two_buffers_on_a_page_that_is_mapped_for_both_expose_nothing()
    {
        _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Live);
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova, Frame << 12);
        _stage.Map(root, Iova - 0x1000, Frame << 12);
        Assert.Empty(new SlabNeighboursRule().Find(_stage.Build()));
    }

    [Fact]
    public void Fields_behind_a_packet_on_a_page_that_a_device_writes_are_found()
    {
        _stage.Facts.Packets.Add(new(new(0xffff_8880_0100_0000), new(0xffff_8880_0050_0000), new(Frame << 12), new(0xffff_8880_0050_0ec0),
            new((Frame << 12) + 0xec0), 0x28));
        ExposureFinding finding = Assert.Single(Ask("socket-buffer-metadata", Iova, Frame << 12, AccessRights.Write));
        Assert.Equal(new IoVirtualAddress(Iova + 0xec0), finding.Evidence[0].Iova);
        Assert.Contains("+0x28", finding.Evidence[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_behind_a_packet_elsewhere_or_only_readable_are_not()
    {
        _stage.Facts.Packets.Add(new(new(0xffff_8880_0100_0000), new(0xffff_8880_0050_0000), new(Frame << 12), new(0xffff_8880_0050_1000),
            new((Frame + 1) << 12), 0x28));
        _stage.Facts.Packets.Add(new(new(0xffff_8880_0100_0100), new(0xffff_8880_0060_0000), new(0x600 << 12), new(0xffff_8880_0060_0ec0),
            new((0x600 << 12) + 0xec0), 0x28));
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova, Frame << 12);
        _stage.Map(root, Iova - 0x1000, 0x600 << 12, AccessRights.Read);
        Assert.Empty(new SocketBufferRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_page_in_two_domains_is_found_with_both_devices()
    {
        _stage.Map(_stage.Device(3), Iova, Frame << 12);
        _stage.Map(_stage.Device(4), Iova - 0x5000, Frame << 12);
        ExposureFinding finding = Assert.Single(new SharedPageRule().Find(_stage.Build()));
        Assert.Equal(["0000:00:03.0", "0000:00:04.0"], finding.Devices);
    }

    [Theory]
    [InlineData(AccessRights.Read, Iova, Iova - 0x5000)]
    [InlineData(Stage.ReadWrite, Frame << 12, Frame << 12)]
    public void A_page_that_both_only_read_or_that_firmware_wants_for_both_is_not(AccessRights rights, ulong one, ulong two)
    {
        _stage.Map(_stage.Device(3), one, Frame << 12, rights);
        _stage.Map(_stage.Device(4), two, Frame << 12, rights);
        Assert.Empty(new SharedPageRule().Find(_stage.Build()));
    }

    [Fact]
    public void Registers_that_all_devices_reach_are_no_page_that_they_share()
    {
        _stage.Facts.Pages[Frame] = new() { What = "not memory", IsMemory = false };
        _stage.Map(_stage.Device(3), Iova, Frame << 12);
        _stage.Map(_stage.Device(4), Iova - 0x5000, Frame << 12);
        Assert.Empty(new SharedPageRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_page_twice_in_one_domain_is_not_shared()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova, Frame << 12);
        _stage.Map(root, Iova - 0x1000, Frame << 12);
        Assert.Empty(new SharedPageRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_range_at_its_own_address_is_found()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0x10_0000, 0x10_0000, Stage.ReadWrite, 32);
        Assert.Equal(32UL * PageFrame.Size, Assert.Single(Assert.Single(new OneToOneRangeRule().Find(_stage.Build())).Evidence).Bytes);
    }

    [Fact]
    public void Buffers_and_a_page_at_its_own_address_by_chance_are_not()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0x10_0000, 0x10_0000);
        _stage.Map(root, Iova - 0x4_0000, 0x20_0000, Stage.ReadWrite, 32);
        Assert.Empty(new OneToOneRangeRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_devices_registers_at_their_own_address_are_no_range_that_is_always_mapped()
    {
        PhysicalAddress root = _stage.Device(3, kind: DomainKind.Unmanaged, strict: null);
        _stage.Map(root, 0x10_0000, 0x10_0000, Stage.ReadWrite, 32);
        for (ulong i = 0; i < 32; i++)
        {
            _stage.Facts.Pages[0x100 + i] = Registers(RegisterKind.Function, 3);
        }

        ExposureScene scene = _stage.Build();
        Assert.Empty(new OneToOneRangeRule().Find(scene));
        Assert.Empty(new PeerRegistersRule().Find(scene));
    }

    [Theory]
    [InlineData("Function", Stage.ReadWrite, ExposureSeverity.Medium)]
    [InlineData("Configuration", Stage.ReadWrite, ExposureSeverity.High)]
    [InlineData("Iommu", Stage.ReadWrite, ExposureSeverity.High)]
    [InlineData("Iommu", AccessRights.Read, ExposureSeverity.Medium)]
    public void Registers_of_another_function_or_of_the_chipset_are_found(string kind, AccessRights rights, ExposureSeverity severity)
    {
        _stage.Facts.Pages[Frame] = Registers(Enum.Parse<RegisterKind>(kind), 9);
        ExposureFinding finding = Assert.Single(Ask("peer-registers", Iova, Frame << 12, rights));
        Assert.Equal(severity, finding.Severity);
        Assert.Equal("BAR 0", finding.Evidence[0].What);
    }

    [Fact]
    public void Registers_that_are_offered_to_others_or_of_a_function_with_the_same_tables_are_not()
    {
        _stage.Facts.Pages[Frame] = Registers(RegisterKind.Function, 9, isPeerToPeer: true);
        _stage.Facts.Pages[Frame + 1] = Registers(RegisterKind.Function, 3);
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova - 0x1000, Frame << 12, Stage.ReadWrite, 2);
        Assert.Empty(new PeerRegistersRule().Find(_stage.Build()));
    }

    [Fact]
    public void A_page_at_more_addresses_than_it_has_objects_is_found_with_each()
    {
        _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Free);
        ExposureFinding finding = Assert.Single(Twice(DomainKind.Dma));
        string what = Assert.Single(finding.Evidence).What;
        Assert.Contains("mapped 2 times, 1 live object on", what, StringComparison.Ordinal);
        Assert.Contains(new IoVirtualAddress(Iova).ToString(), what, StringComparison.Ordinal);
        Assert.Contains(new IoVirtualAddress(Iova - 0x3000).ToString(), what, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_at_more_addresses_than_anybody_refers_to_it_is_found()
    {
        _stage.Facts.Pages[Frame] = new() { References = 1 };
        Assert.Contains("1 reference to it", Assert.Single(Assert.Single(Twice(DomainKind.Dma)).Evidence).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, DomainKind.Dma)]
    [InlineData(64, DomainKind.Dma)]
    [InlineData(0, DomainKind.Dma)]
    [InlineData(null, DomainKind.Dma)]
    [InlineData(1, DomainKind.Unmanaged)]
    public void Fragments_of_a_page_what_nobody_counts_and_what_a_user_maps_are_not(int? references, DomainKind kind)
    {
        _stage.Facts.Pages[Frame] = new() { References = references };
        Assert.Empty(Twice(kind));
    }

    [Fact]
    public void A_page_that_goes_to_two_disks_of_one_controller_is_not()
    {
        _stage.Facts.Pages[Frame] = new() { References = 1 };
        Assert.Empty(Twice(DomainKind.Dma, code: 0x01_0601));
    }

    [Fact]
    public void A_page_of_the_kernels_image_is_not()
    {
        _stage.Facts.Pages[Frame] = new() { References = 1, Image = ImagePart.Data };
        Assert.Empty(Twice(DomainKind.Dma));
    }

    [Theory]
    [InlineData(SlabObjectState.Live)]
    [InlineData(SlabObjectState.Unknown)]
    public void Two_buffers_on_a_page_of_a_slab_are_not(SlabObjectState second)
    {
        _stage.Slab(Frame, SlabObjectState.Live, second);
        Assert.Empty(Twice(DomainKind.Dma));
    }

    [Fact]
    public void A_page_of_a_slab_before_a_device_that_nobody_trusts_is_found()
    {
        _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Free);
        _stage.Map(_stage.Device(3, untrusted: true), Iova, Frame << 12);
        Assert.Equal(new PhysicalAddress(Frame << 12), Assert.Single(Assert.Single(new UnbouncedPageRule().Find(_stage.Build())).Evidence).Physical);
    }

    [Theory]
    [InlineData(false, true, DomainKind.Dma)]
    [InlineData(true, false, DomainKind.Dma)]
    [InlineData(true, true, DomainKind.Unmanaged)]
    public void A_copy_or_a_trusted_device_or_one_that_a_user_has_is_not(bool untrusted, bool slab, DomainKind kind)
    {
        if (slab)
        {
            _stage.Slab(Frame, SlabObjectState.Live, SlabObjectState.Free);
        }

        _stage.Map(_stage.Device(3, untrusted: untrusted, kind: kind), Iova, Frame << 12);
        Assert.Empty(new UnbouncedPageRule().Find(_stage.Build()));
    }

    [Theory]
    [InlineData(null, "has no page there now")]
    [InlineData(0x600UL, "has 0x0000000000600000 there now")]
    public void A_page_that_its_process_no_longer_has_there_is_found(ulong? now, string says)
    {
        KernelTask process = new(new(0xffff_8880_0001_0000), 9, 9, "guest", null, null, false, null, null, null, null);
        _stage.Map(_stage.Device(3, kind: DomainKind.Unmanaged), Iova, Frame << 12);
        _stage.Facts.Pins.Add(new(new(Iova), new(Frame), process, new(0x7f00_0000_1000), now is ulong frame ? new PageFrame(frame) : null));
        ExposureFinding finding = Assert.Single(new OutdatedPinRule().Find(_stage.Build()));
        Assert.Contains("guest[9]", finding.Message, StringComparison.Ordinal);
        ExposureEvidence piece = Assert.Single(finding.Evidence);
        Assert.Equal((new PhysicalAddress(Frame << 12), new IoVirtualAddress(Iova), "rw", new VirtualAddress(0x7f00_0000_1000)),
            (piece.Physical!.Value, piece.Iova!.Value, piece.Rights, piece.Virtual!.Value));
        Assert.Contains(says, piece.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_that_their_process_still_has_are_not()
    {
        _stage.Map(_stage.Device(3, kind: DomainKind.Unmanaged), Iova, Frame << 12);
        Assert.Empty(new OutdatedPinRule().Find(_stage.Build()));
    }

    [Fact]
    public void Tables_that_map_most_of_memory_are_translation_in_name_only()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0, 0, Stage.ReadWrite, (int)(Stage.MemoryBytes >> 12) - 100);
        _stage.Facts.Pages[Frame] = new() { Image = ImagePart.Text };
        ExposureScene scene = _stage.Build();
        Assert.Single(new IdentityTablesRule().Find(scene));
        Assert.Empty(new KernelTextRule().Find(scene));
    }

    [Fact]
    public void Tables_that_map_buffers_are_not()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, Iova - 0x10_0000, 0, Stage.ReadWrite, 64);
        Assert.Empty(new IdentityTablesRule().Find(_stage.Build()));
    }

    private static PageFacts Registers(RegisterKind kind, int device, bool isPeerToPeer = false) => new()
    {
        IsMemory = false,
        Registers = new(kind, "BAR 0", kind == RegisterKind.Function ? new(0, device, 0) : null, isPeerToPeer),
    };

    private ExposureFinding[] Twice(DomainKind kind, uint code = Stage.NetworkClass)
    {
        PhysicalAddress root = _stage.Device(3, kind: kind, code: code);
        _stage.Map(root, Iova, Frame << 12);
        _stage.Map(root, Iova - 0x3000, Frame << 12);
        return [.. new RepeatedPageRule().Find(_stage.Build())];
    }

    private static PageFacts FactsFor(string rule) => rule switch
    {
        "writable-kernel-text" => new() { Image = ImagePart.Text },
        "writable-kernel-rodata" => new() { Image = ImagePart.Rodata },
        "writable-kernel-data" => new() { Image = ImagePart.Data },
        "writable-page-table" => new() { PageTable = "PT of the kernel's half" },
        "writable-iommu-queue" => new() { IommuQueue = "invalidation queue of dmar0" },
        "writable-iommu-table" => new() { IommuTable = "root table of dmar0" },
        _ => new() { IsFree = true },
    };

    private ExposureFinding[] Ask(string rule, ulong iova, ulong physical, AccessRights rights)
    {
        _stage.Map(_stage.Device(3), iova, physical, rights);
        return [.. ExposureRules.All.Single(one => one.Id == rule).Find(_stage.Build())];
    }
}
