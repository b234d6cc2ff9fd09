using System.CommandLine;
using System.CommandLine.Help;
using System.Text;

namespace IommuSpy.Cli.Shells;

/// <summary>The manual page, in the man macros of roff (groff_man(7)), which mandoc reads too.</summary>
internal static class ManualPage
{
    private const int CommonToCommands = 4;
    private const int LineLength = 78;

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="root">The tree of commands, which is all of its contents that can change.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="version">The program's version.</param>
    /// <param name="date">The page's date.</param>
    public static void Write(TextWriter writer, RootCommand root, string program, string version, DateTimeOffset date)
    {
        CommandText text = CommandText.Of(root);
        writer.WriteLine($".TH {program.ToUpperInvariant()} 1 {date:yyyy-MM-dd} \"{program} {Text(version)}\" \"User Commands\"");
        writer.WriteLine(".SH NAME");
        writer.WriteLine($"{Text(program)} \\- what is at an address, who maps it, which device can touch it");
        writer.WriteLine(".SH SYNOPSIS");
        writer.WriteLine($".B {Text(program)}");
        writer.WriteLine(".I COMMAND");
        writer.WriteLine("[\\fIoptions\\fR]");
        writer.WriteLine(".SH DESCRIPTION");
        writer.WriteLine(Filled(text.Summary));
        WriteParagraphs(writer, text);
        writer.WriteLine("""
            .PP
            An address is hexadecimal after 0x, decimal, the kernel's 16 bare digits, or
            symbol[+offset].
            Text answers in hexadecimal;
            \fB\-J\fR answers everything as one JSON document with stable names and
            addresses as "0x..." strings.
            .SH COMMANDS
            """);
        ILookup<string, Option> alike = Expected.Commands(root).SelectMany(Documented).ToLookup(Meaning, StringComparer.Ordinal);
        foreach (Command command in Expected.Commands(root))
        {
            WriteCommand(writer, command, program, alike);
        }

        writer.WriteLine(".SH COMMON OPTIONS");
        foreach (Option option in alike.Where(IsCommon).Select(options => options.First()))
        {
            WriteOption(writer, option);
        }

        writer.WriteLine($"""
            .SH ENVIRONMENT
            .TP
            .B {SourceOptions.Variable}
            What \fB\-s\fR would name, where it is not given.
            .TP
            .B IOMMU_SPY_PAGER, PAGER
            Through which program answers go on a terminal, the first one first;
            less, with LESS=FRX where LESS is not set, where neither names one.
            Nothing or cat: none. Nor is there one where TERM is dumb.
            .TP
            .B NO_COLOR
            Where it holds anything, there is no colour without \fB\-\-color\fR.
            .TP
            .B COLUMNS
            How wide the terminal is, if it is not as wide as it says itself.
            .TP
            .B XDG_CACHE_HOME
            Where images out of gzip, xz, zstd, lz4 and bzip2 are kept unpacked,
            in its folder iommu\-spy; \(ti/.cache without it.
            .SH EXIT STATUS
            .TP
            .B {ExitCode.Done}
            Done.
            .TP
            .B {ExitCode.NoAnswer}
            The question has no answer here: not mapped, not found.
            .TP
            .B {ExitCode.Usage}
            Bad usage.
            .TP
            .B {ExitCode.Source}
            The source is unreadable or corrupt, or the output cannot be written.
            .SH SEE ALSO
            .BR crash (8),
            .BR drgn (1),
            .BR makedumpfile (8),
            .BR proc (5)
            """);
    }

    private static void WriteCommand(TextWriter writer, Command command, string program, ILookup<string, Option> alike)
    {
        CommandText text = CommandText.Of(command);
        string arguments = string.Join(' ', command.Arguments.Select(argument => Optional(Expected.As(argument).Name, argument.Arity)));
        writer.WriteLine($".SS "
            + $"\"{Text(program)} {Text(command.Name)}{(Documented(command).Any() ? " [options]" : "")}"
            + $"{(arguments.Length > 0 ? " " + Text(arguments) : "")}\"");
        writer.WriteLine(Filled(text.Summary));
        WriteParagraphs(writer, text);
        foreach (Argument argument in command.Arguments.Where(argument => argument.Description is not null))
        {
            writer.WriteLine(".TP");
            writer.WriteLine($"\\fI{Text(Expected.As(argument).Name)}\\fR");
            writer.WriteLine(Filled(argument.Description!));
        }

        foreach (Option option in Documented(command).Where(option => !IsCommon(alike[Meaning(option)])))
        {
            WriteOption(writer, option);
        }

        if (Documented(command).Any(option => IsCommon(alike[Meaning(option)])))
        {
            writer.WriteLine(".PP");
            writer.WriteLine("Common options:");
            writer.WriteLine(string.Join(",\n",
                Documented(command).Where(option => IsCommon(alike[Meaning(option)])).Select(option => $"\\fB{Text(Expected.Names(option)[^1])}\\fR")) + ".");
        }

        if (text.Examples.Count > 0)
        {
            writer.WriteLine(".PP");
            writer.WriteLine(text.Examples.Count > 1 ? "Examples:" : "Example:");
            writer.WriteLine(".PP");
            writer.WriteLine(".nf");
            writer.WriteLine(".RS");
            foreach (string example in text.Examples)
            {
                writer.WriteLine(Text(example));
            }

            writer.WriteLine(".RE");
            writer.WriteLine(".fi");
        }
    }

    private static void WriteOption(TextWriter writer, Option option)
    {
        Expected expected = Expected.After(option);
        writer.WriteLine(".TP");
        writer.WriteLine(string.Join(", ", Expected.Names(option).Select(name => $"\\fB{Text(name)}\\fR"))
            + (expected.TakesValue ? $" \\fI{Text(expected.Name)}\\fR" : ""));
        writer.WriteLine(Filled(option.Description ?? ""));
    }

    /// <summary>The options that the page has: all but that which shows them.</summary>
    private static IEnumerable<Option> Documented(Command command) => Expected.Options(command).Where(option => option is not HelpOption);

    /// <summary>What makes two commands' options one to the reader.</summary>
    private static string Meaning(Option option) => $"{option.Name}\n{option.Description}";

    /// <summary>Whether so many commands have an option that it is described once for all of them.</summary>
    private static bool IsCommon(IEnumerable<Option> alike) => alike.Count() >= CommonToCommands;

    private static void WriteParagraphs(TextWriter writer, CommandText text)
    {
        foreach (string paragraph in text.More)
        {
            writer.WriteLine(".PP");
            writer.WriteLine(Filled(paragraph));
        }
    }

    private static string Optional(string name, ArgumentArity arity)
        => (arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name) + (arity.MaximumNumberOfValues > 1 ? "..." : "");

    /// <summary>Text that is filled into lines: broken here as well, so that the source can be read.</summary>
    private static string Filled(string text)
    {
        StringBuilder lines = new();
        int length = 0;
        foreach (string word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Text))
        {
            bool next = length > 0 && (length + 1 + word.Length > LineLength || lines[^1] is '.' or '?');
            lines.Append(length == 0 ? "" : next ? "\n" : " ").Append(word);
            length = (next ? 0 : length + 1) + word.Length;
        }

        return lines.ToString();
    }

    /// <summary>Text as roff shows it: backslashes, minus signs and quotes that can be copied, and nothing that looks like a request.</summary>
    private static string Text(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal)
            .Replace("-", "\\-", StringComparison.Ordinal)
            .Replace("^", "\\(ha", StringComparison.Ordinal)
            .Replace("~", "\\(ti", StringComparison.Ordinal)
            .Replace("`", "\\(ga", StringComparison.Ordinal)
            .Replace("'", "\\(aq", StringComparison.Ordinal)
            .Replace("\"", "\\(dq", StringComparison.Ordinal);
        return escaped.StartsWith('.') ? "\\&" + escaped : escaped;
    }
}
