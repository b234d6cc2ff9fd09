using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Cli.Sessions;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Which memory a command looks at. Every command that looks at memory has these options.</summary>
internal sealed class SourceOptions
{
    public const string Variable = "IOMMU_SPY_SOURCE";
    private const string RunningMachine = "live";

    private readonly Option<string[]> _source = SourceOption();

    private readonly Option<string?> _ramSplit = new("--ram-split")
    {
        Description = "Of a raw RAM file: bytes below the 4 GiB hole (2G, 0x80000000), the rest standing at 4 GiB; 0 for no hole. Without it, it is found.",
        HelpName = "SIZE",
    };

    private readonly Option<bool> _allowTruncated = new("--allow-truncated")
    {
        Description = "Analyse what is there of an image that has lost its end.",
    };

    private readonly Option<bool> _pause = new("--pause")
    {
        Description = "Of qemu:PATH: stop the guest while it is read.",
    };

    private readonly Option<string[]> _vm = new("--vm")
    {
        Description = "Look into a virtual machine of the source's (see `iommu-spy vms`), by the pid of its process or its name; once more for one in that.",
        HelpName = "PID|NAME",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string> _types = new("--types")
    {
        Description = $"What describes the kernel's types: {TypeSource.Automatic} (the best there is), {TypeSource.Btf} (out of the image), "
            + $"{TypeSource.Inferred} (from the data), or a file: raw BTF, vmlinux with BTF or DWARF, Volatility's .json or .json.xz.",
        HelpName = $"{TypeSource.Automatic}|{TypeSource.Btf}|{TypeSource.Inferred}|FILE",
        DefaultValueFactory = _ => TypeSource.Automatic,
    };

    /// <summary>Adds the options to a command.</summary>
    public SourceOptions(Command command)
    {
        command.Options.Add(_source);
        command.Options.Add(_ramSplit);
        command.Options.Add(_allowTruncated);
        command.Options.Add(_pause);
        command.Options.Add(_vm);
        _types.CompletionSources.Add(TypeSource.Automatic, TypeSource.Btf, TypeSource.Inferred);
        command.Options.Add(_types);
        CommandNeeds.Declare(command, NeedsOf);
    }

    /// <summary>-s, which may stand before the command too.</summary>
    public static Option<string[]> SourceOption()
    {
        Option<string[]> option = new("--source", "-s")
        {
            Description = "Memory image of any format that `formats` lists, recognised by its content; "
                + "live for this machine (kcore or devmem for one way to read it), qemu:PATH or gdb:HOST:PORT for a running guest; "
                + "- for standard input; once for each part of a split dump, or for each file of the memory of nodes and modules. "
                + $"Without it: ${Variable}, else live.",
            HelpName = "FILE",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
        };
        option.CompletionSources.Add(RunningMachine, "kcore", "devmem", "qemu:", "gdb:");
        return option;
    }

    /// <summary>Opens the image and finds the kernel in it, or in the virtual machine that is named.</summary>
    public Machine OpenMachine(ParseResult result) => OpenMachine(result, Paths(result));

    /// <summary>The same of the image of some files.</summary>
    public Machine OpenMachine(ParseResult result, IReadOnlyList<string> paths) => OpenMachine(result, paths, Guests(result));

    /// <summary>Opens the host of the virtual machine that is named, whatever is in that.</summary>
    /// <exception cref="UsageException">None is named.</exception>
    public GuestPlace OpenGuest(ParseResult result)
    {
        string[] guests = Guests(result);
        return guests.Length > 0 ? OpenGuest(result, Paths(result), guests)
            : throw new UsageException("a guest-physical address is of a virtual machine: say which with --vm (see iommu-spy vms)");
    }

    /// <summary>Opens the image alone.</summary>
    public MemoryImage OpenImage(ParseResult result) => OpenImage(result, Paths(result));

    /// <summary>Opens the image of some files alone.</summary>
    public MemoryImage OpenImage(ParseResult result, IReadOnlyList<string> paths)
    {
        if (OfSession(result, paths, Guests(result)) is Machine opened)
        {
            return opened.Image;
        }

        if (Guests(result) is { Length: > 0 } guests)
        {
            return OpenGuest(result, paths, guests).Image();
        }

        MemoryImage image = MemoryImage.Open(paths, Options(result));
        Warn(image);
        return image;
    }

    /// <summary>Whether it is a virtual machine of the source's that is looked at.</summary>
    public bool IsGuest(ParseResult result) => Guests(result).Length > 0;

    /// <summary>The files that -s names; empty where it names none.</summary>
    public IReadOnlyList<string> Named(ParseResult result)
    {
        string[] named = result.GetValue(_source) ?? [];
        return named.Contains("", StringComparer.Ordinal) ? throw new UsageException("-s '' names no source: is a variable empty that should hold its name?")
            : named;
    }

    /// <summary>Whether it is the machine that this program runs on.</summary>
    public bool IsLive(ParseResult result) => !IsGuest(result) && AreLive(Paths(result));

    /// <summary>Whether sources are the machine that this program runs on.</summary>
    public static bool AreLive(IReadOnlyList<string> sources) => sources is [RunningMachine or "kcore" or "devmem"];

    /// <summary>What it takes to read what is named. Of a description of types in DWARF, pahole is started.</summary>
    public CommandNeeds NeedsOf(ParseResult result) =>
        new(Paths(result)) { Starts = result.GetValue(_types) is not (TypeSource.Automatic or TypeSource.Btf or TypeSource.Inferred) };

    /// <summary>What is looked at, wherever it was named: by -s, by the environment, or by neither.</summary>
    public IReadOnlyList<string> Paths(ParseResult result)
    {
        IReadOnlyList<string> named = Named(result);
        if (named.Count > 0)
        {
            return named;
        }

        if (Session.Current is { } session)
        {
            return session.Paths;
        }

        string? variable = Environment.GetEnvironmentVariable(Variable);
        return [string.IsNullOrEmpty(variable) ? RunningMachine : variable];
    }

    /// <summary>What the user says of the image.</summary>
    public MemoryImageOptions Options(ParseResult result)
    {
        ulong? split = null;
        if (result.GetValue(_ramSplit) is string text)
        {
            split = AddressExpression.TryParseSize(text, out ulong bytes) && bytes % PageFrame.Size == 0 && bytes <= 1UL << 32
                ? bytes
                : throw new UsageException($"--ram-split '{text}': write a size of whole pages up to 4G, as 2G or 0x80000000; 0 for no hole");
        }

        return new(split, result.GetValue(_allowTruncated)) { Pause = result.GetValue(_pause), Tell = Output.Problem };
    }

    /// <summary>The virtual machine that is named, or that a session is in; of one in another, each from the outermost on.</summary>
    public string[] Guests(ParseResult result) =>
        result.GetValue(_vm) is { Length: > 0 } named ? named : Named(result).Count == 0 && Session.Current is { } session ? [.. session.Guests] : [];

    // What a session has opened already. Who says more of a source than that it is the session's opens it anew.
    private Machine? OfSession(ParseResult result, IReadOnlyList<string> paths, string[] guests) =>
        Session.Current is { } session && session.Paths.SequenceEqual(paths, StringComparer.Ordinal)
            && session.Guests.SequenceEqual(guests, StringComparer.Ordinal)
            && !new Option[] { _ramSplit, _allowTruncated, _types }.Any(option => result.GetResult(option) is { Implicit: false })
            ? session.Machine.Shared()
            : null;

    private Machine OpenMachine(ParseResult result, IReadOnlyList<string> paths, string[] guests)
    {
        if (OfSession(result, paths, guests) is Machine opened)
        {
            return opened;
        }

        string types = result.GetValue(_types)!;
        Machine machine = OfSession(result, paths, []) ?? Machine.Open(paths, Options(result), guests.Length == 0 ? types : TypeSource.Automatic);
        Warn(machine.Image);
        for (int i = 0; i < guests.Length; i++)
        {
            machine = machine.OpenGuest(guests[i], i == guests.Length - 1 ? types : TypeSource.Automatic);
        }

        return machine;
    }

    private GuestPlace OpenGuest(ParseResult result, IReadOnlyList<string> paths, string[] guests)
    {
        Machine host = OpenMachine(result, paths, guests[..^1]);
        try
        {
            return GuestPlace.Of(host, guests[^1]);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    private static void Warn(MemoryImage image)
    {
        // Of the two ways to read it, which one is worth knowing; whoever reads a file of our output does not want it there.
        if (image.IsLive && !Console.IsErrorRedirected)
        {
            Output.Problem(image.Format);
        }

        foreach (string damage in image.Damage)
        {
            Output.Problem($"{image.Path}: {damage}");
        }
    }
}
