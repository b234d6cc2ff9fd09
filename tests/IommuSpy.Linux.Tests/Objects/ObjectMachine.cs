using System.Text;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Objects;

/// <summary>A built machine in whose direct map a test lays out the kernel's objects.</summary>
internal sealed class ObjectMachine : IDisposable
{
    // Above what the built kernel takes for itself.
    private const ulong Free = 160UL << 20;

    private readonly PhysicalMemoryBuilder _memory = new();
    private readonly BuiltKernel _kernel;
    private ulong _next = Free;
    private BuiltImage? _image;

    /// <param name="symbols">Names that the kernel's symbol table has besides; each has 64 bytes in its image.</param>
    public ObjectMachine(params string[] symbols)
    {
        KernelBuilder made = new() { MoreFunctions = symbols };
        foreach (PhysicalRange run in made.Ram)
        {
            _memory.AddRam(run.Start, run.Length);
        }

        _kernel = made.Build(_memory);
    }

    /// <summary>The top-level tables of its processes.</summary>
    public IReadOnlyList<PhysicalAddress> Roots => [.. _kernel.Processes.Select(process => process.Root)];

    /// <summary>Where a page of physical memory is in the direct map.</summary>
    public VirtualAddress Direct(PhysicalAddress address) => new(_kernel.Made.PageOffset + address.Value);

    public VirtualAddress Symbol(string name) => _kernel.Symbols.Single(symbol => symbol.Name == name).Address;

    /// <summary>Takes free memory, aligned to 256 bytes.</summary>
    public VirtualAddress Take(ulong bytes)
    {
        VirtualAddress taken = Direct(new(_next));
        _next += (bytes + 255) & ~255UL;
        return taken;
    }

    public void Word(VirtualAddress address, ulong value) => _memory.Write(Physical(address), value);

    public void Half(VirtualAddress address, uint value) => _memory.Write(Physical(address), BitConverter.GetBytes(value));

    public void Text(VirtualAddress address, string text) => _memory.Write(Physical(address), Encoding.UTF8.GetBytes(text));

    public void Bytes(VirtualAddress address, ReadOnlySpan<byte> bytes) => _memory.Write(Physical(address), bytes);

    public ulong Word(VirtualAddress address) => _memory.ReadWord(Physical(address));

    /// <summary>Links list_heads in a circle.</summary>
    public void Link(params IReadOnlyList<VirtualAddress> heads)
    {
        for (int i = 0; i < heads.Count; i++)
        {
            Word(heads[i], heads[(i + 1) % heads.Count].Value);
            Word(heads[i] + 8, heads[(i + heads.Count - 1) % heads.Count].Value);
        }
    }

    /// <summary>The memory as it is now.</summary>
    public KernelObjects Objects(KernelTypes types)
    {
        _image?.Dispose();
        TemporaryFile file = _memory.WriteRaw();
        _image = new(file, MemoryImage.Open(file.Path));
        return new(LinuxKernel.Discover(_image.Image), types);
    }

    public void Dispose() => _image?.Dispose();

    private PhysicalAddress Physical(VirtualAddress address) =>
        address.Value >= _kernel.Made.TextVirtual ? _kernel.Made.ToPhysical(address) : new(address.Value - _kernel.Made.PageOffset);

    private sealed record BuiltImage(TemporaryFile File, MemoryImage Image) : IDisposable
    {
        public void Dispose()
        {
            Image.Dispose();
            File.Dispose();
        }
    }
}
