using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>A machine with one kernel, built and written to a file.</summary>
internal sealed class BuiltMachine : IDisposable
{
    private readonly TemporaryFile _file;

    private BuiltMachine(BuiltKernel kernel, TemporaryFile file, MemoryImage image)
    {
        Kernel = kernel;
        _file = file;
        Image = image;
    }

    public BuiltKernel Kernel { get; }

    public MemoryImage Image { get; }

    /// <summary>Builds a kernel into the RAM that it names, and writes a raw image.</summary>
    /// <param name="made">The kernel.</param>
    /// <param name="spoil">What happens to the memory before it is written.</param>
    /// <param name="options">How the image is opened.</param>
    public static BuiltMachine Raw(KernelBuilder made, Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null, MemoryImageOptions? options = null)
    {
        PhysicalMemoryBuilder memory = new();
        foreach (PhysicalRange run in made.Ram)
        {
            memory.AddRam(run.Start, run.Length);
        }

        BuiltKernel kernel = made.Build(memory);
        spoil?.Invoke(memory, kernel);
        TemporaryFile file = memory.WriteRaw();
        return new(kernel, file, MemoryImage.Open(file.Path, options));
    }

    /// <summary>What discovery finds.</summary>
    public LinuxKernel Discover() => LinuxKernel.Discover(Image);

    public void Dispose()
    {
        Image.Dispose();
        _file.Dispose();
    }
}
