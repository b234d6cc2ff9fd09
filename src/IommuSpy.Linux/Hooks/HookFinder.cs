using System.Numerics;
using System.Runtime.InteropServices;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Hooks;

/// <summary>
/// Finds where the kernel leaves its own code. Each way out is looked at for what it is, whatever a symbol or a list says of it: every instruction of the
/// kernel's and its modules' code, every word of their data, each gate of the interrupt table, what is registered with the function tracer and the probes, and
/// all memory that the kernel can execute.
/// </summary>
public sealed class HookFinder
{
    // 256 MiB of code, and of data.
    private const ulong MostBytes = 256UL << 20;
    private const int BufferBytes = 1 << 20;

    // 16 GiB of executable memory.
    private const ulong MostPages = 1UL << 22;

    private readonly KernelParts _parts;
    private readonly LinuxKernel _kernel;
    private readonly CodeOwners _owners;
    private readonly Action<KernelHook> _receive;
    private readonly List<string> _problems = [];
    private readonly List<string> _looked = [];
    private readonly IReadOnlyList<TracerHook> _tracers;
    private readonly IReadOnlyList<KernelProbe> _probes;

    private HookFinder(KernelParts parts, Action<KernelHook> receive)
    {
        _parts = parts;
        _kernel = parts.Kernel;
        _receive = receive;
        _tracers = parts.Objects.Value is KernelObjects objects ? TracerHook.Read(objects, _problems) : [];
        _probes = parts.Objects.Value is KernelObjects its ? KernelProbe.Read(its, _problems) : [];
        ExecutableMemory memory = ExecutableMemory.Of(_kernel);
        _owners = new(parts, memory, _tracers, _problems);
        Tell(memory.Damage);
        Tell(parts.Objects.Absence is string absence ? $"what the kernel registers is not known: {absence}" : null);
        Tell(parts.Modules.Absence is string none && parts.Objects.Value is not null ? $"modules are not told from others: {none}" : null);
        Tell(parts.Vmalloc.Absence is string nothing && parts.Objects.Value is not null ? $"what the kernel made for itself is not told from others: {nothing}"
            : null);
    }

    /// <summary>Finds them.</summary>
    /// <param name="parts">The kernel.</param>
    /// <param name="receive">Receives each: first those of code and data, in order of address, then what is registered, then memory.</param>
    /// <returns>What was looked at, and what could not be, a line each.</returns>
    public static (IReadOnlyList<string> Looked, IReadOnlyList<string> Problems) Find(KernelParts parts, Action<KernelHook> receive)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(receive);
        HookFinder finder = new(parts, receive);
        finder.FindInCode();
        finder.FindInData();
        finder.FindGates();
        finder.FindRegistered();
        finder.FindMemory();
        finder._problems.AddRange(parts.CodeSites.Damage);
        return (finder._looked, finder._problems);
    }

    private void Tell(string? problem) => _problems.AddRange(problem is null ? [] : [problem]);

    private void FindInCode()
    {
        if (_kernel.Architecture.References is not CodeReferenceReader reader)
        {
            Tell($"instructions of {_kernel.Architecture.Name} are not looked at");
            return;
        }

        ulong looked = 0, missing = 0;
        VirtualAddress firstMissing = default;
        byte[] buffer = new byte[BufferBytes];
        foreach (ExecutableRun run in _owners.Memory.Runs)
        {
            bool isKernels = _kernel.Text.Contains(run.Start);
            if (!isKernels && _parts.Modules.Value?.At(run.Start) is null)
            {
                continue;
            }

            Action<CodeReference> judge = reference => Judge(reference, isKernels);
            foreach ((VirtualAddress start, int length) in Pieces(run, isKernels))
            {
                _kernel.Memory.Budget.GoOn();
                if (looked + (ulong)length > MostBytes)
                {
                    Tell($"only the first {MostBytes >> 20} MiB of code are looked at");
                    return;
                }

                int read = _kernel.Space.Read(start, buffer.AsSpan(0, length));
                firstMissing = missing == 0 ? start + (ulong)read : firstMissing;
                missing += (ulong)(length - read);
                looked += (ulong)read;
                reader.Read(new(buffer, 0, read), start, judge);
            }
        }

        Tell(missing > 0 ? $"{missing} bytes of code cannot be read, or are missing in the image, the first at {firstMissing}" : null);
        _looked.Add($"{looked >> 10} KiB of code");
    }

    // Instructions begin where functions do: what is read wrongly ends with the piece. A piece is as many functions as fit in a buffer.
    private IEnumerable<(VirtualAddress Start, int Length)> Pieces(ExecutableRun run, bool isKernels)
    {
        VirtualAddress end = run.Start + run.Length;
        VirtualAddress at = run.Start;
        SymbolTable? symbols = isKernels ? _kernel.Kallsyms?.Symbols : null;
        while (at.Value < end.Value)
        {
            ulong next = symbols?.At(at) is { Size: > 0 } near ? near.Symbol.Address.Value + near.Size : end.Value;
            ulong stop = next > at.Value && next < end.Value ? next : end.Value;
            ulong length = Math.Min(stop - at.Value, BufferBytes);
            yield return (at, (int)length);
            at += length;
        }
    }

    private void Judge(CodeReference reference, bool isKernels)
    {
        VirtualAddress target = reference.Target;
        if (reference.Kind == CodeReferenceKind.Slot)
        {
            // Of a pointer that is data, FindInData tells; one that stands in the code is of the code.
            if (!_owners.IsKernels(target) || !_kernel.Space.TryRead(target, out ulong slot))
            {
                return;
            }

            target = new(slot);
        }

        if (!_owners.IsOutside(target))
        {
            return;
        }

        CodeOwner? owner = _owners.Of(target);
        if (isKernels || owner is null)
        {
            _receive(new(KernelHookKind.Code, reference.At, target, owner?.Name, owner is null ? null : Explain(reference.At, target, owner)));
        }
    }

    // The kernel writes anew what its tables name, and leads to what it made for itself. Code of a module it names where it is to be called from.
    private string? Explain(VirtualAddress at, VirtualAddress target, CodeOwner owner)
    {
        foreach (CodeSite site in _parts.CodeSites.Between(at, at + 4))
        {
            if (site.Kind == CodeSiteKind.StaticCall && site.About is VirtualAddress key && _kernel.Space.TryRead(key, out ulong its) && its == target.Value)
            {
                return $"static call {_parts.SymbolAt(key)?.Symbol.Name ?? key.ToString()}";
            }

            if (site.Kind == CodeSiteKind.Tracer
                && _tracers.Any(one => one.Callback == target || (one.Trampoline is (VirtualAddress first, ulong length) && target - first < length)))
            {
                return "function tracer";
            }

            if (site.Kind == CodeSiteKind.Probe)
            {
                return "kprobe";
            }
        }

        return owner.IsModule ? null : owner.Name;
    }

    // Data that is only read was written by the kernel's linker or while it started: no module is in it. What is written may lead to a module that is listed.
    private void FindInData()
    {
        ulong asked = 0, looked = 0;
        (VirtualAddress Start, ulong Length)? constant = _kernel.AddressOf("__start_rodata") is VirtualAddress start
            && _kernel.AddressOf("__end_rodata") is VirtualAddress end && end.Value > start.Value ? (start, end - start) : null;
        Tell(constant is null ? "where the kernel's read-only data is, no symbol tells: pointers in it to modules are not looked for" : null);
        List<(VirtualAddress Start, ulong Length, bool IsModules)> ranges = [(_kernel.Text.Start, _kernel.Text.Length, false)];
        foreach (Modules.ModuleMemory memory in _parts.Modules.Value?.Modules.SelectMany(module => module.Memory) ?? [])
        {
            ranges.Add((memory.Start, memory.Length, true));
        }

        byte[] buffer = new byte[BufferBytes];
        foreach ((VirtualAddress first, ulong length, bool isModules) in ranges)
        {
            for (ulong done = 0; done < length; done += BufferBytes)
            {
                _kernel.Memory.Budget.GoOn();
                if (asked > MostBytes)
                {
                    Tell($"only the first {MostBytes >> 20} MiB of data are looked at");
                    return;
                }

                VirtualAddress at = first + done;
                int wanted = (int)Math.Min(BufferBytes, length - done);
                asked += (ulong)wanted;
                looked += FindInData(at, buffer.AsSpan(0, wanted), isModules, constant);
            }
        }

        _looked.Add($"{looked >> 10} KiB of data");
    }

    private ulong FindInData(VirtualAddress start, Span<byte> buffer, bool isModules, (VirtualAddress Start, ulong Length)? constant)
    {
        ulong looked = 0;
        for (int done = 0; done < buffer.Length; done += (int)PageFrame.Size)
        {
            // What is not mapped was freed after the start.
            Span<byte> page = buffer.Slice(done, Math.Min((int)PageFrame.Size, buffer.Length - done));
            int read = _kernel.Space.Read(start + (ulong)done, page);
            looked += (ulong)read;
            ReadOnlySpan<ulong> values = MemoryMarshal.Cast<byte, ulong>(page[..read]);
            for (int i = 0; i < values.Length; i++)
            {
                // Masks are where modules' memory begins, too: -1 GiB, of those who do not place it at random.
                VirtualAddress target = new(values[i]);
                if ((long)values[i] >= 0 || BitOperations.IsPow2(unchecked(0 - values[i])) || !_owners.IsOutside(target))
                {
                    continue;
                }

                VirtualAddress at = start + (ulong)(done + (i * sizeof(ulong)));
                CodeOwner? owner = _owners.Of(target);

                // A bound of modules' memory is no pointer to a function, though the first module may have one there.
                bool isConstant = !isModules && constant is (VirtualAddress first, ulong length) && at - first < length && target != _owners.ModulesStart;
                if (!_owners.IsKernels(at) && (owner is null || (isConstant && owner.IsModule)))
                {
                    _receive(new(KernelHookKind.Pointer, at, target, owner?.Name, null));
                }
            }
        }

        return looked;
    }

    private void FindGates()
    {
        int gates = 0;
        foreach ((VirtualAddress at, VirtualAddress target) in _kernel.Architecture.InterruptGates(_kernel))
        {
            // Those of exceptions that do not exist lead to code that was freed after the start, and that nothing can execute.
            gates++;
            if (!_owners.IsKernels(target) && !_kernel.Text.Contains(target))
            {
                _receive(new(KernelHookKind.Interrupt, at, target, _owners.Of(target)?.Name, null));
            }
        }

        if (gates > 0)
        {
            _looked.Add($"{gates} gates of the interrupt table");
        }
    }

    private void FindRegistered()
    {
        foreach (TracerHook hook in _tracers)
        {
            string? owner = _owners.Of(hook.Callback)?.Name;
            foreach (VirtualAddress at in hook.Functions ?? [hook.Object])
            {
                _receive(new(KernelHookKind.Tracer, at, hook.Callback, owner, owner is null ? null : "registered with the function tracer"));
            }
        }

        // One that calls nothing only stops there.
        foreach (KernelProbe probe in _probes)
        {
            string? owner = probe.Handler is VirtualAddress handler ? _owners.Of(handler)?.Name : null;
            _receive(new(KernelHookKind.Probe, probe.Address, probe.Handler, owner,
                owner is null && probe.Handler is not null ? null : "registered as a probe"));
        }

        _looked.Add($"{_tracers.Count} users of the function tracer");
        _looked.Add($"{_probes.Count} probes");
    }

    private void FindMemory()
    {
        if (_owners.AreUnknown)
        {
            return;
        }

        ulong pages = 0;
        ExecutableRun? nobodys = null;
        foreach (ExecutableRun run in _owners.Memory.Runs)
        {
            _kernel.Memory.Budget.GoOn();
            for (ulong done = 0; done < run.Length && pages < MostPages; done += PageFrame.Size, pages++)
            {
                VirtualAddress at = run.Start + done;
                if (_owners.Of(at) is not null || _owners.Of(at + (PageFrame.Size - 1)) is not null)
                {
                    continue;
                }

                if (nobodys is ExecutableRun last && last.Start + last.Length == at)
                {
                    nobodys = last with { Length = last.Length + PageFrame.Size };
                    continue;
                }

                Receive(nobodys);
                nobodys = new(at, PageFrame.Size, run.Physical + done);
            }
        }

        Receive(nobodys);
        Tell(pages == MostPages ? $"only the first {MostPages} pages that can be executed are looked at" : null);
        _looked.Add($"{pages} pages that can be executed");

        void Receive(ExecutableRun? run)
        {
            if (run is ExecutableRun its)
            {
                _receive(new(KernelHookKind.Memory, its.Start, its.Start + (its.Length - 1), null, null));
            }
        }
    }
}
