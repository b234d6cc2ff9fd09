using System.CommandLine;
using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using Symbol = IommuSpy.Linux.Kallsyms.Symbol;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy symbols: the kernel's symbol table.</summary>
internal static class SymbolsCommand
{
    public static Command Build()
    {
        Argument<string?> pattern = new("PATTERN") { Description = "A name, or a glob with * and ?. Without it, all.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> at = new("--at") { Description = "The symbol at or before an address.", HelpName = "ADDR" };
        Command command = new(
            "symbols",
            "The whole symbol table, as /proc/kallsyms has it: the kernel's, then each module's; bpf programs and ftrace trampolines are not in "
                + "it.\n\nExamples: iommu-spy symbols -s dump.elf '*iommu*'\n          iommu-spy symbols -s dump.elf --at 0xffffffff81001234\n          "
                + "iommu-spy symbols -s dump.elf --jsonl")
        {
            pattern,
            at,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            SymbolTable symbols = machine.Symbols ?? throw new NoAnswerException($"this image has no symbols: {machine.Kernel.KallsymsAbsence}");
            if (result.GetValue(at) is string text)
            {
                if (result.GetValue(pattern) is not null)
                {
                    throw new UsageException("a pattern and --at exclude each other");
                }

                VirtualAddress address = Addresses.Virtual(machine, text);
                SymbolOffset found = machine.SymbolAt(address)
                    ?? throw new NoAnswerException($"{address}: no symbol of the kernel's image or of a module reaches it");
                Write(output.JsonLines(result), output.Json(result), [found.Symbol], found.Offset);
                return ExitCode.Done;
            }

            IEnumerable<Symbol> rows = Rows(machine, symbols, result.GetValue(pattern));
            return Write(output.JsonLines(result), output.Json(result), rows, null) > 0
                ? ExitCode.Done
                : throw new NoAnswerException($"no symbol matches '{result.GetValue(pattern)}'");
        });
        return command;
    }

    private static IEnumerable<Symbol> Rows(Machine machine, SymbolTable symbols, string? glob)
    {
        IEnumerable<Symbol> own = glob is null ? symbols : symbols.Match(glob);
        return own.Concat((machine.ReadableModules?.Modules ?? []).SelectMany(module => glob is null ? module.Symbols : module.Symbols.Match(glob)));
    }

    private static long Write(bool lines, bool json, IEnumerable<Symbol> symbols, ulong? offset)
    {
        long count = 0;
        if (lines || json)
        {
            Output.Rows(lines, rows =>
            {
                Span<char> type = stackalloc char[1];
                foreach (Symbol symbol in symbols)
                {
                    count++;
                    type[0] = symbol.Type;
                    rows.Begin();
                    rows.Address("address"u8, symbol.Address.Value);
                    rows.Text("type"u8, type);
                    rows.Text("name"u8, symbol.Name);
                    if (symbol.Module is string module)
                    {
                        rows.Text("module"u8, module);
                    }
                    else
                    {
                        rows.Null("module"u8);
                    }

                    if (offset is ulong distance)
                    {
                        rows.Address("offset"u8, distance);
                    }

                    rows.End();
                }
            });
            return count;
        }

        using StreamWriter writer = Output.Text();
        foreach (Symbol symbol in symbols)
        {
            count++;
            Symbol shown = offset is > 0 ? symbol with { Name = string.Create(CultureInfo.InvariantCulture, $"{symbol.Name}+0x{offset:x}") } : symbol;
            writer.WriteLine(shown.ToString());
        }

        return count;
    }
}
