using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>Memory that a test built, and the file that holds it, if any.</summary>
public sealed class BuiltMemory : IDisposable
{
    private readonly MappedFile? _file;

    internal BuiltMemory(PhysicalMemory memory, MappedFile? file)
    {
        Memory = memory;
        _file = file;
    }

    /// <summary>The memory. Not to be used once this is disposed.</summary>
    public PhysicalMemory Memory { get; }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
