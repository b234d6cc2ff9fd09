using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Analysis.Tests;

/// <summary>A machine built in code and opened as a user opens one.</summary>
public sealed class SyntheticMachine : IDisposable
{
    private readonly TemporaryFile _file;

    private SyntheticMachine(BuiltKernel kernel, TemporaryFile file)
    {
        Kernel = kernel;
        _file = file;
        Machine = Machine.Open(file.Path);
    }

    /// <summary>What was built.</summary>
    public BuiltKernel Kernel { get; }

    /// <summary>What is asked.</summary>
    public Machine Machine { get; }

    /// <summary>A kernel, and what is changed in it before it is written.</summary>
    public static SyntheticMachine Of(KernelBuilder made, Action<PhysicalMemoryBuilder, BuiltKernel>? change = null)
    {
        PhysicalMemoryBuilder memory = new();
        foreach (PhysicalRange run in made.Ram)
        {
            memory.AddRam(run.Start, run.Length);
        }

        BuiltKernel kernel = made.Build(memory);
        change?.Invoke(memory, kernel);
        return new(kernel, memory.WriteRaw());
    }

    public void Dispose()
    {
        Machine.Dispose();
        _file.Dispose();
    }
}
