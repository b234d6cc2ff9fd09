using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Library.Tests;

/// <summary>A 3.16 built in code, as a raw file, opened through the library.</summary>
public sealed class BuiltSource : IDisposable
{
    private readonly TemporaryFile _file;

    public BuiltSource()
    {
        KernelBuilder made = KernelBuilder.Linux316(ProcessObjectsBuilder.StaticBytes);
        PhysicalMemoryBuilder memory = new();
        foreach (PhysicalRange run in made.Ram)
        {
            memory.AddRam(run.Start, run.Length);
        }

        Kernel = made.Build(memory);
        ProcessObjectsBuilder processes = new(memory, Kernel, new(seed: 1));
        processes.Build();
        Tasks = processes.Tasks;
        _file = memory.WriteRaw();
        Machine = Machine.Open(_file.Path);
    }

    /// <summary>What was built.</summary>
    public BuiltKernel Kernel { get; }

    /// <summary>Where each task is, init_task first.</summary>
    public IReadOnlyList<ulong> Tasks { get; }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>What is asked.</summary>
    public Machine Machine { get; }

    public void Dispose()
    {
        Machine.Dispose();
        _file.Dispose();
    }
}
