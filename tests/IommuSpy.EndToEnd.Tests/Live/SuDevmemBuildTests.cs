using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>su-devmem against the headers of each kernel, W=1 with warnings as errors.</summary>
public class SuDevmemBuildTests
{
    [Theory]
    [InlineData("5.10")]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public void It_builds_without_a_warning(string kernel)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("su-devmem-");
        try
        {
            Assert.True(
                File.Exists(ModuleBuild.Make(kernel, Path.Combine(Cli.Checkout(), "su-devmem"), directory.FullName,
                    cancellation: TestContext.Current.CancellationToken)));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
