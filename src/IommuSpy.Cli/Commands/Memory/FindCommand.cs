using System.CommandLine;
using System.Text;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Find;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Memory.Search;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy find: where in memory something is.</summary>
internal static class FindCommand
{
    private const long MostPatternBytes = 16 << 20;

    public static Command Build()
    {
        Argument<string[]> patterns = new("PATTERN") { Description = PatternText.Spellings + ".", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> file = new("--patterns") { Description = "Patterns from a file, too, one a line.", HelpName = "FILE" };
        Option<bool> ignoreCase = new("--ignore-case", "-i") { Description = "The case of ASCII letters does not matter." };
        Option<bool> unaligned = new("--unaligned") { Description = "Numbers and pointers may stand anywhere, not only at multiples of their size." };
        Option<bool> kernel = new("--kernel") { Description = "In the kernel's addresses, in their order: its direct map, vmalloc space, modules, its image." };
        Option<string?> pid = new("--pid") { Description = "In the addresses of this process, in their order.", HelpName = "PID" };
        Option<string?> range = new("--range")
        {
            Description = "Only in these virtual addresses: A-B, from A up to B; the kernel's without --pid.",
            HelpName = "A-B",
        };
        Option<string?> physical = new("--physical") { Description = "Only in this range of physical memory: A-B, from A up to B.", HelpName = "A-B" };
        Option<long> limit = new("--limit")
        {
            Description = "No more matches than this; 0 for all.",
            HelpName = "N",
            DefaultValueFactory = _ => 1000,
        };
        Command command = new(
            "find",
            "Where in memory something is: bytes, text, numbers, pointers, regular expressions, or thousands of them at once; in physical memory, or in the "
                + "kernel's or a process's addresses, where a match may go on in a page that lies elsewhere. Of each match: physical and virtual address, what "
                + "the page is used for, symbol, slab object, and who maps it.\n\nExamples: iommu-spy find -s dump.elf -i password\n"
                + "          iommu-spy find -s dump.elf --pid 173 'hex:7f 45 4c 46 ?? 01'\n          iommu-spy find -s dump.elf pointer:init_task --limit 20\n"
                + "          iommu-spy find -s dump.elf 're:[a-z]+@[a-z]+\\.com' 'u32:1000..1010' --jsonl")
        {
            patterns,
            file,
            ignoreCase,
            unaligned,
            kernel,
            pid,
            range,
            physical,
            limit,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Find);
        command.SetAction(result =>
        {
            List<string> texts = [.. result.GetValue(patterns) ?? []];
            texts.AddRange(result.GetValue(file) is string path ? Lines(path) : []);
            if (texts.Count == 0)
            {
                throw new UsageException("say what to search for: a PATTERN, or --patterns FILE");
            }

            long most = result.GetValue(limit);
            if (most < 0)
            {
                throw new UsageException($"--limit {most}: write a number of matches, or 0 for all");
            }

            int spaces = new[] { result.GetValue(kernel), result.GetValue(pid) is not null, result.GetValue(physical) is not null }.Count(given => given);
            if (spaces > 1 || (result.GetValue(physical) is not null && result.GetValue(range) is not null))
            {
                throw new UsageException("--kernel, --pid and --physical are different places to search: give one of them");
            }

            PhysicalRange? place = result.GetValue(physical) is string ends ? Physical(ends) : null;
            using Machine machine = source.OpenMachine(result);
            List<SearchPattern> all =
            [
                .. texts.Select(text => PatternText.Parse(text, machine, result.GetValue(ignoreCase), result.GetValue(unaligned), out string? problem)
                    ?? throw new UsageException(problem!)),
            ];
            KernelTask? process = result.GetValue(pid) is string number ? Processes.WithMemory(machine, number) : null;
            (VirtualAddress First, VirtualAddress Last)? addresses = result.GetValue(range) is string text ? AddressRange.Parse(machine, text) : null;
            FindQuery query = new(new(all), result.GetValue(kernel), process, addresses, place, most == 0 ? long.MaxValue : most);
            return output.Answer(result, AllTables.Find, new Question(machine).With(FindTable.Query, query)) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static PhysicalRange Physical(string text)
    {
        (VirtualAddress first, VirtualAddress last) = AddressRange.Parse(text);
        return new(new(first.Value), last.Value - first.Value + 1);
    }

    private static IEnumerable<string> Lines(string path) =>
        Encoding.UTF8.GetString(Opener.ReadAll(path, MostPatternBytes)).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0);
}
