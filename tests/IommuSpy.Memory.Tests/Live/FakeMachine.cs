namespace IommuSpy.Memory.Tests.Live;

/// <summary>A directory that stands for a running machine's root.</summary>
internal sealed class FakeMachine : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("iommu-spy-test-");

    internal Systems.RunningFiles Files => new(_root.FullName);

    internal FakeMachine With(string path, string text) => With(path, System.Text.Encoding.ASCII.GetBytes(text));

    internal FakeMachine With(string path, byte[] bytes)
    {
        string file = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        return this;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
