using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy maps: the page tables as ranges, or leaf by leaf.</summary>
internal static class MapsCommand
{
    public static Command Build()
    {
        Option<bool> leaves = new("--leaves") { Description = "Each leaf by itself, rather than equal neighbours merged." };
        Option<string?> range = new("--range")
        {
            Description = "Only what reaches into the addresses from A up to B; B itself is not among them.",
            HelpName = "A-B"
        };
        Option<string?> rights = new("--rights")
        {
            Description = "Only what has all of these effective rights: letters of rwx, and u for user mode.",
            HelpName = "rwxu"
        };
        Command command = new(
            "maps",
            "What page tables map: ranges or leaves, with effective rights, physical addresses and the region of the kernel's map. In text, memory that is "
                + "mapped again and again at a constant distance (espfix stacks) is one line; --leaves, -J and --jsonl have every one. With --rights, areas of "
                + "the process that allow them though no page in them has them now are noted on standard error (see vmas --rights).\n\nExamples: iommu-spy "
                + "maps -s dump.elf\n          iommu-spy maps -s dump.elf --rights wx\n          iommu-spy maps -s dump.elf --pid 173 --rights wx\n          "
                + "iommu-spy maps -s dump.elf --device 00:03.0\n          iommu-spy maps -s dump.elf --root 0x2862000 --leaves --jsonl")
        {
            leaves,
            range,
            rights,
        };
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        DeviceOptions devices = new(command);
        TableOptions output = new(command, MappingsTable.Runs, MappingsTable.Leaves, AllTables.IoMappings);
        command.SetAction(result =>
        {
            AccessRights wanted = result.GetValue(rights) is string letters
                ? RightsText.Parse(letters) ?? throw new UsageException($"--rights '{letters}': letters of rwxu")
                : AccessRights.None;
            using Machine machine = source.OpenMachine(result);
            if (devices.IsGiven(result))
            {
                (IoVirtualAddress from, IoVirtualAddress to) = result.GetValue(range) is string given ? AddressRange.ParseIo(given)
                    : (new(0), new(ulong.MaxValue));
                return DeviceMaps.Answer(result, output, new(devices.View(result, machine), from, to, wanted, result.GetValue(leaves)));
            }

            (VirtualAddress first, VirtualAddress last) = result.GetValue(range) is string text ? AddressRange.Parse(machine, text)
                : (new(0), new(ulong.MaxValue));
            MapsQuery query = new(roots.Root(result, machine), first, last, wanted, result.GetValue(leaves));
            AllowingAreas? areas = AllowingAreas.Of(machine, query);
            long count = 0;
            void Count(in Mapping mapping)
            {
                count++;
                areas?.Add(mapping);
            }

            WalkSummary summary = default;
            Question question = new Question(machine).With(MappingsTable.Query, query);
            if (!output.IsPlain(result))
            {
                count = output.Answer(result, query.SingleLeaves ? MappingsTable.Leaves : MappingsTable.Runs, question, mapping => Count(mapping));
            }
            else
            {
                using StreamWriter writer = Output.Text();
                MapsText maps = new(writer, machine.Kernel.Mode.Format);
                summary = query.SingleLeaves
                    ? MappingList.Visit(machine, query, leaf =>
                    {
                        Count(leaf);
                        maps.Leaf(leaf);
                    })
                    : MappingList.VisitSeries(machine, query, series =>
                    {
                        Count(series.First);
                        maps.Range(series);
                    });
            }

            PhysicalAddress root = machine.Space(query.Root).Root;
            if (machine.Kernel.Memory.AbsenceOf(root) is string absence)
            {
                throw new NoAnswerException($"the top table {root} is {absence}");
            }

            if (output.IsPlain(result))
            {
                MappingsTable.Tell(question, summary);
                Output.Problems(question.Problems);
            }

            string? allowed = areas is null ? null : MapsText.Allowed(areas, RightsText.Letters(wanted));
            if (count == 0)
            {
                throw new NoAnswerException(allowed
                    ?? (wanted == AccessRights.None ? "nothing is mapped there" : $"nothing that is mapped there has {RightsText.Letters(wanted)}"));
            }

            if (allowed is not null)
            {
                Output.Problem(allowed);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
