using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests.Writing;

/// <summary>What a new image may replace.</summary>
public sealed class ExistingTargetTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private string Source => Path.Combine(_directory.FullName, "source");

    public ExistingTargetTests() => File.WriteAllText(Source, "memory");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_image_that_is_read_is_never_replaced_by_whatever_name(bool force)
    {
        string link = Path.Combine(_directory.FullName, "link");
        File.CreateSymbolicLink(link, Source);
        Assert.Contains("is the image that is read", Refusal(Source, force), StringComparison.Ordinal);
        Assert.Contains("is the image that is read", Refusal(link, force), StringComparison.Ordinal);
        Assert.Contains("is the image that is read", Refusal(Path.Combine(_directory.FullName, ".", "source"), force), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_file_is_replaced_when_that_is_asked_for()
    {
        string other = Path.Combine(_directory.FullName, "other");
        ImageWriter.RefuseWhatIsThere(other, [Source], force: false);
        File.WriteAllText(other, "precious");
        Assert.Contains("--force", Refusal(other, force: false), StringComparison.Ordinal);
        ImageWriter.RefuseWhatIsThere(other, [Source], force: true);
    }

    [Fact]
    public void What_is_no_file_is_for_others_to_refuse() => ImageWriter.RefuseWhatIsThere("/dev/null", [Source, "-"], force: false);

    private string Refusal(string path, bool force) =>
        Assert.Throws<MemoryImageException>(() => ImageWriter.RefuseWhatIsThere(path, [Source], force)).Message;
}
