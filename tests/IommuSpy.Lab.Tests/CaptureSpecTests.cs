namespace IommuSpy.Lab.Tests;

public sealed class CaptureSpecTests
{
    [Theory]
    [InlineData("512M", 512L << 20, "512M")]
    [InlineData("5G", 5L << 30, "5G")]
    [InlineData("1024m", 1L << 30, "1G")]
    [InlineData("1536M", 1536L << 20, "1536M")]
    public void MemorySizesAreReadAndWritten(string text, long bytes, string written)
    {
        Assert.True(MemorySize.TryParse(text, out MemorySize size));
        Assert.Equal(bytes, size.Bytes);
        Assert.Equal(written, size.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("0G")]
    [InlineData("-1G")]
    [InlineData("512")]
    [InlineData("512K")]
    [InlineData("99999999999G")]
    public void WhatIsNoMemorySizeIsRefused(string text) => Assert.False(MemorySize.TryParse(text, out _));

    [Fact]
    public void NamesTellCapturesApart()
    {
        var spec = new CaptureSpec { Kernel = "6.12-rt", Iommu = IommuModel.IntelScalable, PagingLevels = 5, Vmcoreinfo = false, Append = "nokaslr iommu=pt" };
        Assert.Equal("6.12-rt-intel-scalable-5level-512M-novmcoreinfo-nokaslr_iommu=pt", spec.Name);
        Assert.Equal("6.1-amd-4level-512M-vms", new CaptureSpec { Kernel = "6.1", Iommu = IommuModel.Amd, VirtualMachines = true }.Name);
        Assert.Equal("6.1-none-4level-512M", new CaptureSpec { Kernel = "6.1", Iommu = IommuModel.None }.Name);
    }

    [Fact]
    public void AnIommuThatTheArchitectureLacksIsRefused()
    {
        Assert.Throws<LabException>(new CaptureSpec { Kernel = "6.1-arm64", Iommu = IommuModel.Intel }.Validate);
        Assert.Throws<LabException>(new CaptureSpec { Kernel = "6.1", Iommu = IommuModel.SmmuV3 }.Validate);
        Assert.Throws<LabException>(new CaptureSpec { Kernel = "6.1-arm64", Iommu = IommuModel.SmmuV3, VirtualMachines = true }.Validate);
        var spec = new CaptureSpec { Kernel = "6.1-arm64", Iommu = IommuModel.SmmuV3, Cpu = "cortex-a57" };
        spec.Validate();
        Assert.Equal("6.1-arm64-smmuv3-4level-512M-cortex-a57", spec.Name);
    }

    [Theory]
    [InlineData(3, 512, "")]
    [InlineData(4, 128, "")]
    [InlineData(4, 512, "a\nb")]
    public void MachinesThatCannotBeMadeAreRefused(int levels, int mebibytes, string append)
    {
        var spec = new CaptureSpec { Kernel = "6.1", PagingLevels = levels, Memory = MemorySize.Mebibytes(mebibytes), Append = append };
        Assert.Throws<LabException>(spec.Validate);
    }
}
