using System.CommandLine;
using IommuSpy.Analysis;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy write: a value to a physical address of the running machine.</summary>
internal static class WriteCommand
{
    public static Command Build()
    {
        Argument<string> address = new("ADDR") { Description = "The physical address: 0x hexadecimal or decimal." };
        Argument<string> value = new("VALUE") { Description = "What to write: 0x hexadecimal or decimal." };
        Option<bool> yes = YesOption();
        WidthOption width = new(32);
        Command command = new(
            "write",
            "Writes one value to a physical address of the running machine, through /dev/mem, in one access, and reads it back. Says what it will do and asks "
                + "first.\n\n"
            + "Examples: iommu-spy write 0xfed00010 1\n          iommu-spy write 0x10000000 0x1122334455667788 --width 64 --yes")
        {
            address,
            value,
            width.Option,
            yes,
        };
        OutputOptions output = new(command);
        command.SetAction(result => PhysicalAccess.Write(
            result, output, Addresses.Physical(result.GetRequiredValue(address)), Value(result.GetRequiredValue(value)), width.Of(result),
            result.GetValue(yes)));
        return command;
    }

    /// <summary>The option that agrees beforehand.</summary>
    public static Option<bool> YesOption() =>
        new("--yes", "-y") { Description = "Write without asking. Without a terminal to ask on, nothing is written without it." };

    /// <summary>A value to write.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static ulong Value(string text) => AddressExpression.TryParseNumber(text, out ulong value)
        ? value
        : throw new UsageException($"'{text}' is no value: write 0x and hexadecimal, or decimal");
}
