using IommuSpy.Analysis.Doctor;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Analysis.Tests;

/// <summary>What is said of a machine, by files as kernels of several ages have them.</summary>
public sealed class DoctorReportTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("doctor-");

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData(DoctorState.Missing)]
    [InlineData(DoctorState.Limited, "sys/firmware/acpi/tables/DMAR")]
    [InlineData(DoctorState.Works, "sys/firmware/acpi/tables/DMAR", "sys/kernel/iommu_groups/0/name")]
    [InlineData(DoctorState.Works, "sys/firmware/acpi/tables/DMAR", "sys/kernel/iommu_groups/0/name", "sys/class/iommu/dmar0/name")]
    public void An_IOMMU_is_in_use_where_devices_are_in_groups(DoctorState state, params string[] files)
    {
        Array.ForEach(files, file => Write(file, ""));
        Assert.Equal(state, DoctorReport.Iommu(Files).State);
    }

    [Theory]
    [InlineData("[local] global counter uptime perf", DoctorState.Limited)]
    [InlineData("[local] global counter uptime perf mono mono_raw boot", DoctorState.Works)]
    [InlineData("local [mono]", DoctorState.Works)]
    public void Tracing_serves_where_the_kernel_has_our_clock(string clocks, DoctorState state)
    {
        Write("sys/kernel/debug/tracing/events/iommu/map/enable", "0");
        Write("sys/kernel/debug/tracing/trace_clock", clocks + "\n");
        Assert.Equal(state, DoctorReport.Tracing(Files, Privileges.Of(Files)).State);
    }

    [Fact]
    public void Tracing_that_is_not_mounted_is_missing() => Assert.Equal(DoctorState.Missing, DoctorReport.Tracing(Files, Privileges.Of(Files)).State);

    private RunningFiles Files => new(_root.FullName);

    private void Write(string path, string text)
    {
        string whole = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
        File.WriteAllText(whole, text);
    }
}
