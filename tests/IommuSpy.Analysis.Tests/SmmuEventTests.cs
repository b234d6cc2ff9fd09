using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests;

/// <summary>Events of the SMMUv3 as kernels print them: 6.1's lines and 7.2's are those of guests whose device used an address that nothing mapped.</summary>
public class SmmuEventTests
{
    private const string Record = """
        [   31.415926] arm-smmu-v3 9050000.smmuv3: event 0x10 received:
        [   31.415927] arm-smmu-v3 9050000.smmuv3: 	0x0000002800000010
        [   31.415928] arm-smmu-v3 9050000.smmuv3: 	0x0000000800000000
        [   31.415929] arm-smmu-v3 9050000.smmuv3: 	0x0000000001234560
        [   31.415930] arm-smmu-v3 9050000.smmuv3: 	0x0000000000000000
        """;

    private const string Words = """
        arm-smmu-v3 9050000.smmuv3: event: F_TRANSLATION client: 0000:00:05.0 sid: 0x28 ssid: 0x0 iova: 0x1234560 ipa: 0x0
        arm-smmu-v3 9050000.smmuv3: unpriv data read s1 "Input address caused fault" stag: 0x0
        """;

    [Fact]
    public void A_record_of_four_lines_is_one_event()
    {
        FaultLine line = FaultLine.Parse(Record)!;
        Assert.Equal(
            (IommuKind.SmmuV3, FaultKind.Translation, "F_TRANSLATION", "9050000.smmuv3"), (line.Vendor, line.Kind!.Value, line.Event, line.Unit));
        Assert.Equal((new RequesterId(0, 5, 0), new IoVirtualAddress(0x1234560), false, null),
            (line.Device!.Value, line.Address!.Value, line.IsWrite!.Value, line.Pasid));
    }

    [Fact]
    public void A_write_and_a_PASID_are_told_by_the_record()
    {
        FaultLine line = FaultLine.Parse(Record
            .Replace("0x0000002800000010", "0x0000010000007813", StringComparison.Ordinal).Replace("0x0000000800000000", "0x0", StringComparison.Ordinal)
            .Replace("0x0\n", "0x0000000000000000\n", StringComparison.Ordinal).Replace("event 0x10", "event 0x13", StringComparison.Ordinal))!;
        Assert.Equal(("F_PERMISSION", new RequesterId(1, 0, 0), 7, true), (line.Event, line.Device!.Value, line.Pasid!.Value, line.IsWrite!.Value));
    }

    [Fact]
    public void The_lines_in_words_are_one_event_alone_and_with_the_record_before_them()
    {
        foreach (string text in new[] { Words, Record + "\n" + Words })
        {
            FaultLine line = Assert.Single(FaultLine.ParseAll(text));
            Assert.Equal(("F_TRANSLATION", new RequesterId(0, 5, 0), new IoVirtualAddress(0x1234560), false),
                (line.Event, line.Device!.Value, line.Address!.Value, line.IsWrite!.Value));
        }
    }

    [Fact]
    public void Two_records_are_two_events() => Assert.Equal(2, FaultLine.ParseAll(Record + "\n" + Record).Count);

    [Theory]
    [InlineData("0x02", "C_BAD_STREAMID", FaultKind.Configuration)]
    [InlineData("0x09", "F_CD_FETCH", FaultKind.Hardware)]
    [InlineData("0x24", "E_PAGE_REQUEST", FaultKind.DeviceRequest)]
    public void Other_events_name_the_device_and_no_address(string id, string name, FaultKind kind)
    {
        FaultLine line = FaultLine.Parse(Record.Replace("event 0x10", $"event {id}", StringComparison.Ordinal))!;
        Assert.Equal((name, kind, new RequesterId(0, 5, 0), null), (line.Event, line.Kind!.Value, line.Device!.Value, line.Address));
    }

    [Theory]
    [InlineData("arm-smmu-v3 9050000.smmuv3: ias 44-bit, oas 44-bit (features 0x00008305)")]
    [InlineData("arm-smmu-v3 9050000.smmuv3: allocated 65536 entries for cmdq")]
    [InlineData("arm-smmu-v3 9050000.smmuv3: 	0x0000002800000010")]
    public void Other_lines_of_the_driver_are_no_events(string line) => Assert.Empty(FaultLine.ParseAll(line));

    [Fact]
    public void A_record_that_is_cut_off_names_no_device()
    {
        FaultLine line = FaultLine.Parse(string.Join('\n', Record.Split('\n')[..3]))!;
        Assert.Equal(("F_TRANSLATION", null, null), (line.Event, line.Device, line.Address));
    }
}
