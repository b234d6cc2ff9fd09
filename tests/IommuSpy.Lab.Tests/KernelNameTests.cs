using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Tests;

public sealed class KernelNameTests
{
    [Fact]
    public void AFlavourIsPartOfTheMetaPackage()
    {
        Assert.Equal("linux-image-6.12-rt-amd64 linux-image-rt-amd64", string.Join(' ', KernelName.Parse("6.12-rt").MetaPackages));
        Assert.Equal("linux-image-6.1-amd64 linux-image-amd64", string.Join(' ', KernelName.Parse("6.1").MetaPackages));
    }

    [Fact]
    public void AnArchitectureIsPartOfTheNameAndOfTheMetaPackage()
    {
        var name = KernelName.Parse("6.12-rt-arm64");
        Assert.Equal("linux-image-6.12-rt-arm64 linux-image-rt-arm64", string.Join(' ', name.MetaPackages));
        Assert.Equal(("6.12-rt-arm64", "6.1-arm64", "6.1"), ($"{name}", $"{KernelName.Parse("6.1-arm64")}", $"{KernelName.Parse("6.1")}"));
    }

    [Fact]
    public void ASeriesIsNotAPrefixOfAnother()
    {
        Assert.True(KernelName.Parse("6.1").Matches("linux-image-6.1.0-56-amd64"));
        Assert.False(KernelName.Parse("6.1").Matches("linux-image-6.12.117+deb12-amd64"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("6")]
    [InlineData("6.1-arm")]
    [InlineData("../6.1")]
    [InlineData("6.1 ")]
    [InlineData("4.4-ubuntu")]
    [InlineData("files:/no/such/directory")]
    public void OtherNamesAreRefused(string text) => Assert.Throws<LabException>(() => KernelName.Parse(text));

    [Fact]
    public void DependenciesAreNamesOfTheFirstAlternative()
    {
        DebianPackage package = DebianPackage.Parse("""
            Package: linux-image-7.2.12+deb14-amd64
            Version: 7.2.12-1
            Depends: dracut | initramfs-tools (>= 0.120), linux-binary-7.2.12+deb14-amd64 (= 7.2.12-1), kmod
            Description: a kernel
             Depends: not a field

            """);
        Assert.Equal("7.2.12-1", package.Version);
        Assert.Equal(["dracut", "linux-binary-7.2.12+deb14-amd64", "kmod"], package.Depends);
    }
}
