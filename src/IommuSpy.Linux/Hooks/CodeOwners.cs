using IommuSpy.Linux.Code;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Hooks;

/// <summary>Whose the memory is that the kernel can execute: its image's, a listed module's, a BPF program's, what the kernel made for itself.</summary>
internal sealed class CodeOwners
{
    // Who asks for a module's memory: functions of kernel/module, by their names in the versions since 3.x. Where modules are listed, they say it, too.
    private static readonly string[] Loaders = ["load_module", "layout_and_allocate", "move_module", "module_alloc_update_bounds", "module_memory_alloc"];

    private readonly KernelParts _parts;
    private readonly ModuleList? _modules;
    private readonly VmallocList? _areas;
    private readonly (VirtualAddress Start, ulong Length, CodeOwner Owner)[] _known;
    private readonly HashSet<string> _loaders = new(Loaders, StringComparer.Ordinal);

    public CodeOwners(KernelParts parts, ExecutableMemory memory, IReadOnlyList<TracerHook> tracers, ICollection<string> damage)
    {
        _parts = parts;
        Memory = memory;
        _modules = parts.Modules.Value;
        _areas = parts.Vmalloc.Value;
        _known = [.. Known(parts, tracers, damage).OrderBy(one => one.Start.Value)];
        foreach (VirtualAddress start in _modules?.Modules.Select(module => module.Base) ?? [])
        {
            if (_areas?.At(start) is VmallocArea area && CallerOf(area) is string caller)
            {
                _loaders.Add(caller);
            }
        }

        ModulesStart = _areas?.Areas.FirstOrDefault(area => CallerOf(area) is string caller && _loaders.Contains(caller))?.Start;
    }

    /// <summary>All executable memory.</summary>
    public ExecutableMemory Memory { get; }

    /// <summary>Where the first memory of a module is; null where there is none. The kernel keeps it as a bound (mm/execmem.c), too.</summary>
    public VirtualAddress? ModulesStart { get; }

    /// <summary>Whether nothing but the kernel's image can be told from others, as its structures cannot be read.</summary>
    public bool AreUnknown => _modules is null || _areas is null;

    /// <summary>Whether an address is in the kernel's own image, however it is mapped.</summary>
    public bool IsKernels(VirtualAddress address) => Memory.At(address) is ExecutableRun run && IsKernels(run, address);

    /// <summary>Whether an address is in memory that can be executed and is not the kernel's image.</summary>
    public bool IsOutside(VirtualAddress address) => Memory.At(address) is ExecutableRun run && !IsKernels(run, address);

    /// <summary>Whose code is at an address; null for nobody's, and for what cannot be executed.</summary>
    public CodeOwner? Of(VirtualAddress address)
    {
        if (Memory.At(address) is not ExecutableRun run)
        {
            return null;
        }

        if (IsKernels(run, address))
        {
            return CodeOwner.Kernel;
        }

        int low = 0, high = _known.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _known[middle].Start.Value <= address.Value ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && _known[low - 1] is var known && address - known.Start < known.Length ? known.Owner : OfArea(address);
    }

    // No two of them have memory in common.
    private static IEnumerable<(VirtualAddress Start, ulong Length, CodeOwner Owner)> Known(
        KernelParts parts, IReadOnlyList<TracerHook> tracers, ICollection<string> damage)
    {
        foreach (KernelModule module in parts.Modules.Value?.Modules ?? [])
        {
            CodeOwner owner = new(true, $"module {module.Name}");
            foreach (ModuleMemory memory in module.Memory)
            {
                yield return (memory.Start, memory.Length, owner);
            }
        }

        foreach (BpfCode code in parts.Objects.Value is KernelObjects objects ? BpfCode.Read(objects, damage) : [])
        {
            yield return (code.Start, code.Length, new(false, $"BPF {code.Name}"));
        }

        foreach (TracerHook tracer in tracers)
        {
            if (tracer.Trampoline is (VirtualAddress start, ulong length))
            {
                yield return (start, length, new(false, "function tracer"));
            }
        }

        foreach ((VirtualAddress start, ulong length, string what) in parts.Kernel.Architecture.OtherCode(parts.Kernel))
        {
            yield return (start, length, new(false, what));
        }
    }

    // What the kernel made for itself is of the function that asked for the memory. What was asked for as a module's is a listed module's or nobody's.
    private CodeOwner? OfArea(VirtualAddress address) =>
        _areas?.At(address) is VmallocArea area && CallerOf(area) is string caller && !_loaders.Contains(caller) ? new(false, $"memory of {caller}") : null;

    private string? CallerOf(VmallocArea area) => area.Caller is VirtualAddress caller ? _parts.SymbolAt(caller)?.Symbol.Name : null;

    // The image's code may be mapped again elsewhere; what was freed of the image after the start may have become anybody's.
    private bool IsKernels(ExecutableRun run, VirtualAddress address)
    {
        TextMapping text = _parts.Kernel.Text;
        PhysicalAddress physical = run.Physical + (address - run.Start);
        return text.Contains(address) || (text.PhysicalRange.Contains(physical) && Memory.At(text.ToVirtual(physical)) is not null);
    }
}
