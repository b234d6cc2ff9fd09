using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Cli.Shells;
using IommuSpy.Memory;
using IommuSpy.Memory.Sources.Devmem;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>dev_mem: words of physical memory. It is iommu-spy by its other name, and a thin face of `read --physical` and `write`.</summary>
internal static class DevMemCommand
{
    /// <summary>The other name.</summary>
    public const string Name = "dev_mem";

    private const string Reading = "r";
    private const string Writing = "w";

    /// <summary>Whether the program was called by it.</summary>
    public static bool IsCalled => Path.GetFileName(Environment.GetCommandLineArgs()[0]) == Name;

    public static Command Build()
    {
        Argument<string> address = new("ADDR") { Description = "The physical address: 0x hexadecimal, or decimal as $((0x1000)) gives it." };
        Argument<string> mode = new("r|w") { Description = "r reads words, w writes one and reads it back." };
        mode.TakesOnly(Reading, Writing);
        Argument<string> operand = new("N|VALUE")
        {
            Description = "How many words to read (1 without it), or the value to write.",
            Arity = ArgumentArity.ZeroOrOne
        };
        WidthOption width = new(32);
        Option<bool> yes = WriteCommand.YesOption();
        Command command = new(
            Name,
            "Reads and writes words of physical memory and of devices' registers, through /dev/mem. Writing says what it will do and asks first.\n\n"
            + "Examples: sudo ./dev_mem $((0x00000000)) r 4\n          sudo ./dev_mem 0xfed00000 r 1 --width 64\n          sudo ./dev_mem 0x10000000 w "
                + "0x12345678\n\n"
            + "The kernel keeps memory above 1 MiB from /dev/mem (CONFIG_STRICT_DEVMEM); su-devmem.ko lifts that while it is loaded.")
        {
            address,
            mode,
            operand,
            width.Option,
            yes,
        };
        command.Options.Add(new HelpOption());
        RootHelp.Use(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            string where = result.GetRequiredValue(address);

            // As the shell gives it: $((0x12345000)) is decimal, of however many digits.
            PhysicalAddress at = AddressExpression.TryParseNumber(where, out ulong number)
                ? new(number)
                : throw new UsageException($"'{where}' is no physical address: write 0x and hexadecimal, or decimal");
            AccessWidth word = width.Of(result);
            string? text = result.GetValue(operand);
            if (result.GetRequiredValue(mode) == Writing)
            {
                return PhysicalAccess.Write(result, output, at, WriteCommand.Value(text ?? throw new UsageException("w takes the value to write")), word,
                    result.GetValue(yes));
            }

            ulong length = Words(text ?? "1") * (ulong)word;
            using DevMem device = DevMem.Open(RunningFiles.Here);
            return PhysicalAccess.Read(result, output, device, at, length, new(ReadCommand.Words, word));
        });
        return command;
    }

    private static ulong Words(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong words) && words is > 0 and <= ulong.MaxValue / sizeof(ulong)
            ? words
            : throw new UsageException($"'{text}' is no number of words");
}
