using System.CommandLine;
using System.Globalization;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli.Sessions;

/// <summary>
/// What may stand at the end of a line: commands, options and their values as the shells' completion offers them (<see cref="Expected"/>), and of the opened
/// machine its symbols, processes, devices and types. What help calls a value tells what it is.
/// </summary>
internal sealed class LineCompletion(Session session)
{
    // More than anyone reads, and enough to find what they have in common.
    private const int MostNames = 4096;

    private readonly Lazy<RootCommand> _root = new(() => CommandTree.Build());

    /// <summary>What may stand where a line ends, and where the word begins that it takes the place of.</summary>
    /// <param name="line">The line up to the cursor.</param>
    public (int Start, IReadOnlyList<Candidate> Found) Of(string line)
    {
        int start = line.LastIndexOf(' ') + 1;
        string[] before = line[..start].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string word = line[start..];
        if (before.Contains("|", StringComparer.Ordinal) || line.TrimStart().StartsWith('!'))
        {
            return (start, []);
        }

        if (before.Length == 0)
        {
            return (start, Beginning(word, Expected.Commands(_root.Value).Select(command => command.Name).Concat(["exit", "quit"])));
        }

        if (before[^1] == ">" || Expected.Commands(_root.Value).FirstOrDefault(command => command.Name == before[0]) is not Command command)
        {
            return (start, before[^1] == ">" ? Files(word) : []);
        }

        if (word.StartsWith("--", StringComparison.Ordinal) && word.IndexOf('=', StringComparison.Ordinal) is > 0 and var sign)
        {
            return (start + sign + 1, Find(command, word[..sign]) is Option named ? Values(command, Expected.After(named), word[(sign + 1)..]) : []);
        }

        if (Find(command, before[^1]) is Option option && Expected.After(option) is { TakesValue: true } expected)
        {
            (int from, string part) = Part(expected, word);
            return (start + from, Values(command, expected, part));
        }

        if (word.StartsWith('-'))
        {
            return (start, Beginning(word, Expected.Options(command).SelectMany(Expected.Names)));
        }

        return (start, command.Arguments.Count > 0 ? Values(command, Expected.As(command.Arguments[^1]), word, command.Arguments) : []);
    }

    private static Option? Find(Command command, string name) => Expected.Options(command)
        .FirstOrDefault(option => Expected.Names(option).Contains(name, StringComparer.Ordinal));

    // Of a list, what stands behind the last comma.
    private static (int From, string Part) Part(Expected expected, string word)
    {
        int from = expected.IsList ? word.LastIndexOf(',') + 1 : 0;
        return (from, word[from..]);
    }

    private IReadOnlyList<Candidate> Values(Command command, Expected expected, string word, IEnumerable<Argument>? all = null)
    {
        // A command's arguments may be of several kinds: a process and an address.
        string[] kinds = [.. (all?.Select(argument => Expected.As(argument).Name) ?? [expected.Name]).SelectMany(name => name.Split('|', '[', ',', '.', ']'))];
        IEnumerable<Candidate> values = (all?.SelectMany(argument => Expected.As(argument).Values) ?? expected.Values)
            .Where(value => value.StartsWith(word, StringComparison.Ordinal)).Select(value => new Candidate(value));
        if (kinds.Contains("PID", StringComparer.Ordinal))
        {
            values = values.Concat(Processes(word));
        }

        if (kinds.Any(kind => kind is "BDF" or "DEVICE"))
        {
            values = values.Concat(Devices(word));
        }

        if (word.Length > 0 && kinds.Any(kind => kind is "ADDR" or "PHYS" or "EXPR" or "PATTERN" or "FUNCTION") && command.Name is not "find")
        {
            values = values.Concat(Symbols(word));
        }

        if (word.Length > 0 && (kinds.Contains("TYPE", StringComparer.Ordinal) || (command.Name == "types" && kinds.Contains("NAME", StringComparer.Ordinal))))
        {
            values = values.Concat(Types(word));
        }

        if (command.Name == "modules" && kinds.Contains("NAME", StringComparer.Ordinal))
        {
            values = values.Concat((session.Machine.Parts.Modules.Value?.Modules ?? []).Select(module => module.Name)
                .Where(name => name.StartsWith(word, StringComparison.Ordinal)).Select(name => new Candidate(name)));
        }

        if (expected.Files)
        {
            values = values.Concat(Files(word));
        }

        return [.. values.Where(value => value.Text.All(IsPlain)).DistinctBy(value => value.Text, StringComparer.Ordinal)
            .OrderBy(value => int.TryParse(value.Text, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue)
            .ThenBy(value => value.Text, StringComparer.Ordinal)];
    }

    // Names that the image has chosen are typed only where they need no quotes.
    private static bool IsPlain(char one) => char.IsAsciiLetterOrDigit(one) || "._-+:/@%,=".Contains(one, StringComparison.Ordinal);

    private static Candidate[] Beginning(string word, IEnumerable<string> all) =>
        [.. all.Where(one => one.StartsWith(word, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(one => new Candidate(one))];

    // By number, or by name: what is typed then is the number.
    private IEnumerable<Candidate> Processes(string word) => (session.Machine.Parts.Tasks.Value?.Processes ?? [])
        .Select(task => (Number: $"{task.Pid}", Name: task.Comm ?? ""))
        .Where(task => task.Number.StartsWith(word, StringComparison.Ordinal) || (word.Length > 0 && task.Name.StartsWith(word, StringComparison.Ordinal)))
        .Select(task => new Candidate(task.Number, $"{task.Number} {Analysis.Wording.Printable.Name(task.Name)}"));

    private IEnumerable<Candidate> Devices(string word) => session.Machine.Devices.Devices
        .SelectMany(device => new[] { $"{device.Address}", $"{device.Address}"[5..] })
        .Where(name => name.StartsWith(word, StringComparison.Ordinal)).Select(name => new Candidate(name));

    private IEnumerable<Candidate> Symbols(string word) => (session.Machine.Symbols?.Match(word + "*") ?? [])
        .Take(MostNames).Select(symbol => new Candidate(symbol.Name));

    private IEnumerable<Candidate> Types(string word) => (session.Machine.Parts.Objects.Value?.Types.Matching(word + "*") ?? [])
        .Take(MostNames).Select(type => new Candidate(type.Name));

    private static Candidate[] Files(string word)
    {
        try
        {
            string folder = word.Contains('/', StringComparison.Ordinal) ? word[..(word.LastIndexOf('/') + 1)] : "";
            string name = word[folder.Length..];
            return
            [
                .. new DirectoryInfo(folder.Length > 0 ? folder : ".").EnumerateFileSystemInfos()
                    .Where(file => file.Name.StartsWith(name, StringComparison.Ordinal) && (name.Length > 0 || !file.Name.StartsWith('.')))
                    .Take(MostNames).Select(file => folder + file.Name + (file is DirectoryInfo ? "/" : "")).Order(StringComparer.Ordinal)
                    .Select(path => new Candidate(path)),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
