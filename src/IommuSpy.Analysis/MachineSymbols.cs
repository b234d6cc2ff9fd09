using System.Diagnostics.CodeAnalysis;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Analysis;

/// <summary>What names can mean.</summary>
internal interface INameSource
{
    /// <summary>Every symbol of a name, one for each address.</summary>
    /// <param name="module">Of which module; "vmlinux" for the kernel's own; null for all.</param>
    /// <param name="name">The name.</param>
    IReadOnlyList<Symbol> Find(string? module, string name);

    /// <summary>The addresses that a symbol with its offset means: of a per-CPU symbol each CPU's, of any other one.</summary>
    bool TryResolve(string text, SymbolText symbol, out IReadOnlyList<NamedAddress> addresses, [NotNullWhen(false)] out AddressProblem? problem);
}

/// <summary>The names of a kernel and of its modules.</summary>
/// <param name="kernel">The kernel's symbols; null where it has none.</param>
/// <param name="findModules">Its modules; null where they cannot be read.</param>
/// <param name="findCpus">Where its CPUs keep their copies.</param>
/// <param name="isMapped">Whether the kernel maps anything at an address.</param>
internal sealed class MachineSymbols(SymbolTable? kernel, Func<ModuleList?> findModules, Func<PerCpu> findCpus, Func<VirtualAddress, bool> isMapped)
    : INameSource
{
    /// <summary>So many candidates are named in a message.</summary>
    public const int MostListed = 8;

    /// <summary>A machine's.</summary>
    public MachineSymbols(Machine machine)
        : this(machine.Symbols, () => machine.Parts.Modules.Value, () => machine.Parts.PerCpu, address => machine.Kernel.Space.TryTranslate(address, out _))
    {
    }

    public IReadOnlyList<Symbol> Find(string? module, string name)
    {
        IEnumerable<Symbol> own = module is null or SymbolText.Kernel ? kernel?.FindAll(name) ?? [] : [];
        IEnumerable<Symbol> others = module is SymbolText.Kernel ? []
            : (findModules()?.Modules ?? []).Where(one => module is null || one.Name == module)
                .SelectMany(one => one.Symbols.Where(symbol => symbol.Name == name));
        return [.. own.Concat(others).DistinctBy(symbol => (symbol.Address, symbol.Module))];
    }

    public bool TryResolve(string text, SymbolText symbol, out IReadOnlyList<NamedAddress> addresses, [NotNullWhen(false)] out AddressProblem? problem)
    {
        addresses = [];
        if (kernel is null)
        {
            problem = new($"'{symbol.Name}': this image has no symbols", IsBadText: false);
            return false;
        }

        IReadOnlyList<Symbol> found = Find(symbol.Module, symbol.Name);
        if (found.Count == 0)
        {
            problem = new(symbol.Module is string module and not SymbolText.Kernel && findModules()?.Find(module) is null
                ? $"'{text}': no module {module} is loaded (try: modules)"
                : $"'{symbol.Name}': no such symbol{(symbol.Module is string inside ? $" in {inside}" : "")} (try: symbols {ShellWord.Of($"*{symbol.Name}*")})",
                IsBadText: false);
            return false;
        }

        if (symbol.Size is ulong size && !TryChooseBySize(text, size, ref found, out problem))
        {
            return false;
        }

        if (found.Count > 1)
        {
            bool canChoose = symbol.Module is null && found.Any(one => one.Module != found[0].Module);
            string list = string.Join(", ", found.Take(MostListed).Select(one => $"{one.Address} ({one.Module ?? SymbolText.Kernel})"));
            problem = new($"'{symbol.Name}' is {found.Count} symbols: {list}{(found.Count > MostListed ? " and so on" : "")}; write the address"
                + (canChoose ? $", or {ShellWord.Of($"{found[^1].Module}:{symbol.Name}")}" : ""));
            return false;
        }

        return TryPlace(text, symbol, found[0], out addresses, out problem);
    }

    /// <summary>An oops prints how long the symbol is: that chooses between several, and tells whether it is of this kernel.</summary>
    private bool TryChooseBySize(string text, ulong size, ref IReadOnlyList<Symbol> found, [NotNullWhen(false)] out AddressProblem? problem)
    {
        problem = null;
        Symbol[] fitting = [.. found.Where(one => SizeOf(one) is not ulong own || own == size)];
        if (fitting.Length == 0)
        {
            problem =
                new($"'{text}': in this kernel {found[0].Name} is 0x{SizeOf(found[0]):x} bytes long, not 0x{size:x}: the text is of another build (without "
                    + $"/0x{size:x} it is read all the same)",
                IsBadText: false);
            return false;
        }

        found = fitting;
        return true;
    }

    // The kernel counts to the next symbol, as we do; where nothing bounds it, that is not known.
    private ulong? SizeOf(Symbol symbol)
    {
        SymbolOffset? at = symbol.Module is string module ? findModules()?.Find(module)?.Symbols.At(symbol.Address) : kernel!.At(symbol.Address);
        return at is { Size: > 0, Offset: 0 } whole ? whole.Size : null;
    }

    private bool TryPlace(string text, SymbolText symbol, Symbol found, out IReadOnlyList<NamedAddress> addresses,
        [NotNullWhen(false)] out AddressProblem? problem)
    {
        addresses = [];
        problem = null;
        if (!IsPerCpu(found))
        {
            addresses = [new(AddressSort.Symbol, unchecked(found.Address.Value + symbol.Offset))];
            problem = symbol.Cpu is int cpu ? new($"'{text}': {symbol.Name} is no per-CPU symbol: CPU {cpu} has no copy of its own") : null;
            return problem is null;
        }

        PerCpu cpus = findCpus();
        string name = symbol.Module is null ? symbol.Name : $"{symbol.Module}:{symbol.Name}";
        addresses =
        [
            .. Enumerable.Range(0, cpus.Offsets.Count).Where(cpu => symbol.Cpu is null || cpu == symbol.Cpu)
                .Where(cpu => isMapped(cpus.Address(cpu, found.Address)))
                .Select(cpu =>
                    new NamedAddress(AddressSort.Symbol, unchecked(cpus.Address(cpu, found.Address).Value + symbol.Offset),
                        symbol.WithOffset($"{name}:{cpu}"))),
        ];
        if (addresses.Count == 0)
        {
            problem = new(cpus.Offsets.Count == 0 ? $"'{text}': a per-CPU symbol, and where the CPUs keep their copies is not known"
                : symbol.Cpu is int wanted ? $"'{text}': there is no CPU {wanted}: they are 0 to {cpus.Offsets.Count - 1}"
                : $"'{text}': a per-CPU symbol, of which no CPU's copy is mapped", IsBadText: false);
        }

        return problem is null;
    }

    /// <summary>Whether the symbol's address stands for a place in each CPU's area. A module's per-CPU symbol lies in none of its memory.</summary>
    private bool IsPerCpu(Symbol symbol)
    {
        if (symbol.Module is null)
        {
            return findCpus().Contains(symbol.Address);
        }

        return findModules()?.Find(symbol.Module)?.MemoryAt(symbol.Address) is null && findCpus() is { Offsets.Count: > 0 } cpus
            && isMapped(cpus.Address(0, symbol.Address));
    }
}
