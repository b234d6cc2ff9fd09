using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Cache;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy cache: which pages of a file are in memory, and the file out of them.</summary>
internal static class CacheCommand
{
    public static Command Build()
    {
        Argument<string?> file = new("FILE")
        {
            Description = "An absolute path, or the address of a struct inode or struct file; without it, every file that has pages in memory.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> pid = new("--pid") { Description = "The path as this process sees it; without it, as the first process does.", HelpName = "PID" };
        Option<string?> extract = new("--extract")
        {
            Description = "Write what is in memory of the file to OUT, a new file readable by you alone: what is not in memory is a hole in it.",
            HelpName = "OUT",
        };
        Option<bool> force = new("--force") { Description = "Replace OUT where it is there; never the source itself." };
        Command command = new(
            "cache",
            "Which pages of a file are in the page cache, and where: by place in the file, in runs, with how many are dirty, being written, used, mapped. What "
                + "is not in memory is listed, too: on a swap device, evicted, absent; a hole of a tmpfs reads as zeros, and counts as there. With --extract, "
                + "exit 1 where something of the file is missing.\n\n"
                + "Examples: iommu-spy cache -s dump.elf --where 'path~log'\n          iommu-spy cache -s dump.elf /usr/bin/bash\n          "
                + "iommu-spy cache -s dump.elf /var/log/auth.log --extract auth.log")
        {
            file,
            pid,
            extract,
            force,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Cache, AllTables.CachePages);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with
        {
            Writes = result.GetValue(extract) is string path ? CommandNeeds.FoldersOf(path) : [],
        });
        command.SetAction(result =>
        {
            string? target = result.GetValue(extract);
            if (result.GetValue(file) is not string name)
            {
                if (target is not null || result.GetValue(pid) is not null)
                {
                    throw new UsageException("--extract and --pid are for one file: name it");
                }

                using Machine all = source.OpenMachine(result);
                output.Answer(result, AllTables.Cache, new Question(all));
                return ExitCode.Done;
            }

            if (target is not null)
            {
                NewFile.Refuse(target, source.Paths(result), result.GetValue(force));
            }

            using Machine machine = source.OpenMachine(result);
            CachedFile found = Find(machine, name, result.GetValue(pid));
            IReadOnlyList<string> unreadable = [];
            if (target is not null)
            {
                NewFile.Write(target, source.Paths(result), result.GetValue(force), stream => unreadable = found.Write(machine.Kernel.Memory, stream));
            }

            output.Answer(result, AllTables.CachePages, new Question(machine).With(CachePagesTable.File, found));
            if (target is null)
            {
                return ExitCode.Done;
            }

            if (unreadable.Count > 0)
            {
                throw new NoAnswerException($"{target} is not whole: {string.Join("; ", unreadable)}");
            }

            return found.IsWhole ? ExitCode.Done
                : throw new NoAnswerException($"{target} is not whole: {Size.Text(found.MissingPages << PageFrame.Shift)} of {name} "
                    + $"{(found.Problems.Count > 0 ? "and what could not be followed are" : "are")} not in memory: holes in it");
        });
        return command;
    }

    private static CachedFile Find(Machine machine, string name, string? pid)
    {
        (CachedFile? file, string? absence) = name.StartsWith('/') ? CachedFile.At(machine, ProcessOf(machine, pid), name)
            : pid is null ? CachedFile.Of(machine, Addresses.Virtual(machine, name))
            : throw new UsageException($"--pid is for a path: '{name}' does not begin with /");
        return file ?? throw new NoAnswerException(absence!);
    }

    private static KernelTask ProcessOf(Machine machine, string? pid) => pid is not null ? Processes.Of(machine, pid)
        : machine.Parts.Tasks.Required.Find(1) ?? throw new NoAnswerException("there is no process 1, as which a path could be looked up: --pid names one");
}
