using System.CommandLine;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.AddressSpaces;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy pagemap: every page of a process.</summary>
internal static class PagemapCommand
{
    public static Command Build()
    {
        Argument<string> pid = new("PID") { Description = "Number of the process, or of a thread of it (see `iommu-spy ps`)." };
        Option<string?> range = new("--range") { Description = "Only pages with an address from A up to B; B itself is not among them.", HelpName = "A-B" };
        Option<bool> used = new("--used") { Description = "Only pages that are in memory, swapped out, or marked; not those that nothing was ever put into." };
        Command command = new(
            "pagemap",
            "Every page of a process as its /proc/PID/pagemap tells of it, decoded, with the area that holds it. Of this machine (-s live, or no source) it is "
                + "read from there, on any kernel, by root or of one's own processes.\n\nExamples: iommu-spy pagemap -s dump.elf 173 --used\n          "
                + "iommu-spy pagemap -s dump.elf 173 --range 00400000-00500000\n          iommu-spy pagemap -s dump.elf 173 --jsonl")
        {
            pid,
            range,
            used,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Pagemap);
        command.SetAction(result =>
        {
            bool all = !result.GetValue(used);
            long count = 0;
            void Tell(Action<MemoryArea, PagemapPage> write, MemoryArea area, PagemapPage page)
            {
                if (all || page.Present || page.SwapType is not null)
                {
                    count++;
                    write(area, page);
                }
            }

            using PagemapSource pages = PagemapSource.Open(result, source, result.GetRequiredValue(pid), result.GetValue(range));
            Question question = new Question().With(PagemapTable.Pages, write => pages.Visit((area, page) => Tell(write, area, page)));
            output.Answer(result, AllTables.Pagemap, question);
            return count > 0 ? ExitCode.Done : throw new NoAnswerException($"{pages.Process} has nothing there");
        });
        return command;
    }
}
