using System.Text;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Testing;

/// <summary>A directory that stands for a running machine's root, gone when the test is.</summary>
public sealed class FakeMachine : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <summary>Its files.</summary>
    public RunningFiles Files => new(_root.FullName);

    /// <summary>Adds a file of text.</summary>
    public FakeMachine With(string path, string text) => With(path, Encoding.ASCII.GetBytes(text));

    /// <summary>Adds a file of bytes.</summary>
    public FakeMachine With(string path, byte[] bytes) => With(path, (0, bytes));

    /// <summary>Adds a file with bytes at some offsets, and holes between them.</summary>
    public FakeMachine With(string path, params ReadOnlySpan<(long Offset, byte[] Bytes)> parts)
    {
        using FileStream stream = File.Create(Made(path));
        foreach ((long offset, byte[] bytes) in parts)
        {
            stream.Position = offset;
            stream.Write(bytes);
        }

        return this;
    }

    /// <summary>Adds a link.</summary>
    public FakeMachine WithLink(string path, string target)
    {
        File.CreateSymbolicLink(Made(path), target);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Delete(recursive: true);

    private string Made(string path)
    {
        string file = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        return file;
    }
}
