using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pages;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy slab: the slab caches, or the object at an address.</summary>
internal static class SlabCommand
{
    public static Command Build()
    {
        Argument<string?> address =
            new("ADDR")
            {
                Description = "An address in a slab: the cache, the object and whether it is allocated, and the objects beside it.",
                Arity = ArgumentArity.ZeroOrOne
            };
        Command command = new(
            "slab",
            "The slab caches as /proc/slabinfo has them; or which cache and object an address is in, and whether that object is live.\n\nExamples: iommu-spy "
                + "slab -s dump.elf\n          iommu-spy slab -s dump.elf 0xffff88e202e61840")
        {
            address,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            if (result.GetValue(address) is string text)
            {
                Explain(machine, text, output.Json(result) || output.JsonLines(result));
                return ExitCode.Done;
            }

            SlabAllocator slabs = machine.Slabs;
            if (output.JsonLines(result) || output.Json(result))
            {
                Output.Rows(output.JsonLines(result), rows =>
                {
                    foreach (SlabCache cache in slabs.Caches)
                    {
                        Write(rows, cache);
                    }
                });
            }
            else
            {
                using StreamWriter writer = Output.Text();
                SlabText.Write(writer, slabs);
            }

            foreach (string damage in slabs.Caches.Where(cache => cache.Damage is not null).Select(cache => $"{cache.Name}: {cache.Damage}")
                .Prepend(slabs.Damage).OfType<string>())
            {
                Output.Problem(damage);
            }

            return slabs.Caches.Count > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static void Explain(Machine machine, string text, bool json)
    {
        PhysicalAddress physical = Addresses.Page(machine, text);
        SlabAddressReport report = SlabAddressReport.Of(machine, physical)
            ?? throw new NoAnswerException($"'{text}': physical {physical} is in no slab (try: page pfn:{physical.Frame})");
        if (json)
        {
            Output.Json(report, ReportJson.Default.SlabAddressReport);
            return;
        }

        using StreamWriter writer = Output.Text();
        SlabText.Write(writer, report);
    }

    private static void Write(RowWriter rows, SlabCache cache)
    {
        rows.Begin();
        rows.Text("name"u8, cache.Name);
        rows.Address("address"u8, cache.Address.Value);
        rows.Number("objectSize"u8, cache.ObjectSize);
        rows.Number("size"u8, cache.Size);
        rows.Number("objectsPerSlab"u8, (ulong)cache.ObjectsPerSlab);
        rows.Number("pagesPerSlab"u8, 1UL << cache.Order);
        rows.Number("activeObjects"u8, cache.ActiveObjects);
        rows.Number("objects"u8, cache.Objects);
        rows.Number("slabs"u8, cache.Slabs);
        rows.Number("partialSlabs"u8, cache.PartialSlabs);
        rows.Text("damage"u8, cache.Damage);
        rows.End();
    }
}
