using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Tests.Live;

public class SystemRecordTests
{
    [Fact]
    public void What_was_recorded_is_read_again()
    {
        byte[] table = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        string symbols = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i:x16} T symbol_{i}\n"));
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00001000-0009fbff : System RAM\n")
            .With("proc/kallsyms", symbols)
            .With("sys/firmware/acpi/tables/DMAR", table)
            .With("sys/bus/pci/devices/0000:00:01.0/vendor", "0x8086\n")
            .With("sys/class/iommu/dmar0/intel-iommu/cap", "d2008c222f0606\n");
        byte[] record = SystemRecord.Write(machine.Files, new Dictionary<string, string> { ["release"] = "6.1.0-test" }, out int count);
        RecordedFiles read = SystemRecord.Read(record, "a test")!;
        Assert.Equal(5, count);
        Assert.Equal(symbols.TrimEnd(), read.Text("proc/kallsyms"));
        Assert.Equal(table, read.Read("sys/firmware/acpi/tables/DMAR"));
        Assert.Equal("00001000-0009fbff : System RAM", read.Text("proc/iomem"));
        Assert.Equal(["0000:00:01.0"], read.Names("sys/bus/pci/devices"));
        Assert.Equal(["dmar0"], read.Names("sys/class/iommu"));
        Assert.Empty(read.Names("sys/class/io"));
        Assert.True(record.Length < symbols.Length / 2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"files\": 3}")]
    [InlineData("{\"links\": {\"a\": 1}}")]
    [InlineData("{\"files\": {\"a\": {\"gzip\": \"AAAA\"}}}")]
    [InlineData("{\"files\": {\"a\": {\"gzip\": \"H4sIAAAAAAAAA/////8=\"}}}")]
    public void What_is_no_record_is_none(string document) => Assert.Null(SystemRecord.Read(System.Text.Encoding.ASCII.GetBytes(document), "a test"));

    [Fact]
    public void What_unpacks_to_more_than_files_may_have_is_left_out()
    {
        using MemoryStream packed = new();
        using (System.IO.Compression.GZipStream gzip = new(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(new byte[SystemFiles.MostBytes + 1]);
        }

        string document = $"{{\"files\": {{\"big\": {{\"gzip\": \"{Convert.ToBase64String(packed.ToArray())}\"}}, \"small\": \"x\"}}}}";
        RecordedFiles read = SystemRecord.Read(System.Text.Encoding.ASCII.GetBytes(document), "a test")!;
        Assert.Null(read.Read("big"));
        Assert.Equal("x", read.Text("small"));
    }
}
