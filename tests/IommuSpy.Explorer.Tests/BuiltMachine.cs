using System.Text;
using IommuSpy.Analysis;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Explorer.Tests;

/// <summary>A 3.16 built in code, as a raw file, whose kernel's name and whose processes' names may be anything.</summary>
public sealed class BuiltMachine : IDisposable
{
    /// <summary>A process's name as somebody may give it who wants to harm who reads of it: 15 bytes at the most.</summary>
    public const string Hostile = "<i onload=a()>&";

    private readonly TemporaryFile _file;

    public BuiltMachine()
    {
        KernelBuilder made = KernelBuilder.Linux316(ProcessObjectsBuilder.StaticBytes);
        PhysicalMemoryBuilder memory = new();
        foreach (PhysicalRange run in made.Ram)
        {
            memory.AddRam(run.Start, run.Length);
        }

        BuiltKernel kernel = made.Build(memory);
        new ProcessObjectsBuilder(memory, kernel, new(seed: 1)).Build();
        _file = memory.WriteRaw();

        // Every process but the first is called so: as long as "swapper/0" is, or shorter names with what follows them.
        byte[] bytes = File.ReadAllBytes(_file.Path);
        Renamed = Rename(bytes);
        File.WriteAllBytes(_file.Path, bytes);
        Machine = Machine.Open(_file.Path);
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>What is asked.</summary>
    public Machine Machine { get; }

    /// <summary>How many processes were renamed.</summary>
    public int Renamed { get; }

    public void Dispose()
    {
        Machine.Dispose();
        _file.Dispose();
    }

    private int Rename(byte[] bytes)
    {
        using Machine machine = Machine.Open(_file.Path);
        int renamed = 0;
        var fields = machine.Parts.Objects.Required.Types.Struct("task_struct").Field("comm");
        foreach (var task in machine.Parts.Tasks.Required.Processes.Where(task => !task.IsKernelThread))
        {
            if (machine.Kernel.Space.TryTranslate(task.Address + fields.Offset, out PhysicalAddress at))
            {
                Encoding.ASCII.GetBytes(Hostile + "\0").CopyTo(bytes, (long)at.Value);
                renamed++;
            }
        }

        return renamed;
    }
}
