using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Explain;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy explain: everything about an address.</summary>
internal static class ExplainCommand
{
    public static Command Build()
    {
        Argument<string[]> addresses = new("ADDR")
        {
            Description = $"{Addresses.Spellings}; pfn: or phys: before it says that it is physical.",
            Arity = ArgumentArity.OneOrMore
        };
        Option<bool> physical = new("--physical") { Description = "The addresses are physical." };
        Option<bool> teach = new("--teach") { Description = "Say below each line what it means." };
        Command command = new(
            "explain",
            "What an address is: its kind, region and symbol, its walk and rights, its physical page, and where else that page is mapped.\n\nExamples: "
                + "iommu-spy explain -s dump.elf init_task\n          iommu-spy explain -s dump.elf --teach 0xffff888001234000\n          iommu-spy explain -s "
                + "dump.elf --physical 0x1234000\n          iommu-spy explain -s dump.elf --device 00:03.0 0xffeff000")
        {
            addresses,
            physical,
            teach,
        };
        Option<string?> device =
            new("--device")
            {
                Description = "The addresses are I/O virtual addresses of this device: 00:1f.2, or its driver; with :PASID behind it for requests with one.",
                HelpName = "BDF[:PASID]"
            };
        command.Options.Add(device);
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            if (result.GetValue(device) is string name)
            {
                return OfDevice(source, output, result, name, result.GetRequiredValue(addresses), result.GetValue(teach));
            }

            using Machine machine = source.OpenMachine(result);
            IEnumerable<Explanation> Each(string text) => result.GetValue(physical)
                ? [Explanation.Of(machine, Addresses.Physical(text))]
                : Explain(machine, text, roots.Kernel(result) ? machine.Kernel.Space.Root : roots.Root(result, machine));

            List<Explanation> explanations = [.. result.GetRequiredValue(addresses).SelectMany(Each)];
            Reports.WriteEach(result, output.Form(result), explanations, ReportJson.Default.Explanation,
                (writer, explanation) => ExplanationText.Write(writer, explanation, result.GetValue(teach)));

            return explanations.All(HasAnswer) ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    /// <summary>What an address of any kind is: one answer, or of a per-CPU symbol one a CPU.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="text">The address, by any of its spellings.</param>
    /// <param name="root">Through which tables; null for those that its kind asks for.</param>
    public static IEnumerable<Explanation> Explain(Machine machine, string text, PhysicalAddress? root) =>
        Addresses.Each(machine, text).Select(address => address.Sort switch
        {
            AddressSort.Physical => Explanation.Of(machine, address.Physical),
            AddressSort.IoVirtual => throw new UsageException($"'{text}' is {address.SortText}: name the device that uses it with --device"),
            AddressSort.GuestPhysical => throw new NoAnswerException($"'{text}' is {address.SortText}: translate --vm PID --gpa tells where it is"),
            _ => Explanation.Of(machine, address.Virtual, root),
        });

    private static int OfDevice(SourceOptions source, OutputOptions output, ParseResult result, string name, string[] texts, bool teach)
    {
        IoVirtualAddress[] addresses = [.. texts.Select(Addresses.IoVirtual)];
        using Machine machine = source.OpenMachine(result);
        (RequesterId address, int? pasid) = DeviceArguments.Name(machine, name);
        MachineDevice device = DeviceArguments.Of(machine, address);
        List<IovaExplanation> explanations = [.. addresses.Select(at => IovaExplanation.Of(machine, device, at, pasid))];
        Reports.WriteEach(result, output.Form(result), explanations, ReportJson.Default.IovaExplanation,
            (writer, explanation) => ExplanationText.Write(writer, explanation, teach), "explain-iova");

        return explanations.All(explanation => explanation.Physical is not null) ? ExitCode.Done : ExitCode.NoAnswer;
    }

    private static bool HasAnswer(Explanation explanation) =>
        explanation.Page is not null || (explanation.Physical is not null ? explanation.MemoryRange is not null : explanation.Spaces.Count > 0);
}
