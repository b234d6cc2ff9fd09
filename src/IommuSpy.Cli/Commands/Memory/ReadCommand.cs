using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Read;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;
using IommuSpy.Memory.Sources.Devmem;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy read: bytes by physical or virtual address.</summary>
internal static class ReadCommand
{
    /// <summary>Words, as a format.</summary>
    public const string Words = "words";

    private const string Hex = "hex";
    private const string Raw = "raw";
    private const int DefaultLength = 256;
    private const int ChunkBytes = 1 << 20;

    // A JSON document is built whole in memory.
    private const ulong MostJsonBytes = 64 << 20;

    public static Command Build()
    {
        Argument<string> address = new("ADDR") { Description = $"{Addresses.Spellings}; pfn: or phys: before it says that it is physical." };
        Option<string?> length = new("--length", "-n")
        {
            Description = $"How many bytes: a number, or with K, M, G; {DefaultLength} without it.",
            HelpName = "N"
        };
        Option<bool> physical = new("--physical") { Description = "The address is physical." };
        Option<string> format = new("--format")
        {
            Description = "hex: bytes and text; words: little-endian words; raw: the bytes themselves.",
            DefaultValueFactory = _ => Hex
        };
        format.TakesOnly(Hex, Words, Raw);
        WidthOption width = new(64);
        Command command = new(
            "read",
            "A hex dump of memory by physical or virtual address.\n\nExamples: iommu-spy read -s dump.elf linux_banner\n          iommu-spy read -s dump.elf "
                + "--physical 0x1000 --length 4K --format raw > page")
        {
            address,
            length,
            physical,
            format,
            width.Option,
        };
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            ulong wanted = DefaultLength;
            if (result.GetValue(length) is string text && !AddressExpression.TryParseSize(text, out wanted))
            {
                throw new UsageException($"--length '{text}' is no size: write bytes, or a number with K, M or G");
            }

            string where = result.GetRequiredValue(address);
            ReadForm form = new(result.GetRequiredValue(format), width.Of(result));
            if (result.GetValue(physical) || Addresses.SaysPhysical(where))
            {
                // By the way that also reaches devices, in the width that they want.
                if (source.Named(result) is ["devmem"] && !source.IsGuest(result))
                {
                    using DevMem device = DevMem.Open(RunningFiles.Here);
                    return PhysicalAccess.Read(result, output, device, Addresses.Physical(where), wanted, form);
                }

                using MemoryImage image = source.OpenImage(result);

                // Only the tables in a raw file tell whether it leaves out the hole below 4 GiB.
                if (!image.HasOneLayout)
                {
                    using Machine split = source.OpenMachine(result);
                    return Read(result, output, Addresses.Physical(where).Value, wanted, form, isPhysical: true,
                        (at, bytes) => MemoryReader.Physical(split.Kernel.Memory, new(at), bytes));
                }

                return Read(result, output, Addresses.Physical(where).Value, wanted, form, isPhysical: true,
                    (at, bytes) => MemoryReader.Physical(image.Layouts[0].Memory, new(at), bytes));
            }

            using Machine machine = source.OpenMachine(result);
            PhysicalAddress? root = roots.Root(result, machine);
            return Read(result, output, Addresses.Virtual(machine, where).Value, wanted, form, isPhysical: false,
                (at, bytes) => MemoryReader.Virtual(machine, root, new(at), bytes));
        });
        return command;
    }

    /// <summary>Reads bytes from an address on.</summary>
    public delegate ReadResult Reader(ulong address, Span<byte> destination);

    /// <summary>How bytes are shown.</summary>
    /// <param name="Format">"hex", "words" or "raw".</param>
    /// <param name="Width">How wide a word is.</param>
    public readonly record struct ReadForm(string Format, AccessWidth Width);

    /// <summary>Reads and shows what there is.</summary>
    public static int Read(ParseResult result, OutputOptions output, ulong address, ulong wanted, ReadForm form, bool isPhysical, Reader read)
    {
        if (output.Json(result))
        {
            byte[] all =
                new byte[wanted <= MostJsonBytes ? wanted
                    : throw new UsageException($"--length: at most {Size.Text(MostJsonBytes)} as JSON; use --format raw")];
            ReadResult done = read(address, all);
            ReadReport report = new(
                isPhysical ? null : new VirtualAddress(address), isPhysical ? new PhysicalAddress(address) : null,
                done.Length, Convert.ToHexStringLower(all.AsSpan(0, done.Length)), done.End);
            Reports.Write(result, AnswerForm.Json, report, ReportJson.Default.ReadReport, (_, _) => { }, "read");
            return done.End is null ? ExitCode.Done : throw new NoAnswerException(done.End);
        }

        if (form.Format == Raw)
        {
            Display.WithoutPager();
        }

        byte[] chunk = new byte[Math.Min(wanted, ChunkBytes)];
        using Stream bytes = Output.Bytes();
        using StreamWriter text = Output.Text();
        for (ulong at = 0; at < wanted;)
        {
            ReadResult done = read(unchecked(address + at), chunk.AsSpan(0, (int)Math.Min(wanted - at, ChunkBytes)));
            ReadOnlySpan<byte> here = chunk.AsSpan(0, done.Length);
            switch (form.Format)
            {
                case Raw:
                    bytes.Write(here);
                    break;
                case Words:
                    HexDump.WriteWords(text, address + at, here, (int)form.Width);
                    break;
                default:
                    HexDump.WriteBytes(text, address + at, here);
                    break;
            }

            at += (ulong)done.Length;
            if (done.End is not null)
            {
                text.Flush();
                bytes.Flush();
                throw new NoAnswerException(done.End);
            }
        }

        return ExitCode.Done;
    }
}
