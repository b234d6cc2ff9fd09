using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Which memory a command looks at. Every command that looks at memory has these options.</summary>
internal sealed class SourceOptions
{
    private const string SourceVariable = "IOMMU_SPY_SOURCE";

    private readonly Option<string?> _source = new("--source", "-s")
    {
        Description = $"Memory image: raw, QEMU RAM file, or ELF core; recognised by its content. Without it: ${SourceVariable}.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _ramSplit = new("--ram-split")
    {
        Description = "Of a raw RAM file: bytes below the 4 GiB hole (2G, 0x80000000), the rest standing at 4 GiB; 0 for no hole. Without it, it is found.",
        HelpName = "SIZE",
    };

    private readonly Option<bool> _allowTruncated = new("--allow-truncated")
    {
        Description = "Analyse what is there of an image that has lost its end.",
    };

    private readonly Option<string> _types = new("--types")
    {
        Description = $"What describes the kernel's types: {TypeSource.Automatic} (the best there is), {TypeSource.Btf} (out of the image), {TypeSource.Inferred} (from the data), or a file: raw BTF, vmlinux with BTF or DWARF, Volatility's .json or .json.xz.",
        HelpName = "HOW",
        DefaultValueFactory = _ => TypeSource.Automatic,
    };

    /// <summary>Adds the options to a command.</summary>
    public SourceOptions(Command command)
    {
        command.Options.Add(_source);
        command.Options.Add(_ramSplit);
        command.Options.Add(_allowTruncated);
        command.Options.Add(_types);
    }

    /// <summary>Opens the image and finds the kernel in it.</summary>
    public Machine OpenMachine(ParseResult result)
    {
        Machine machine = Machine.Open(Path(result), Options(result), result.GetValue(_types)!);
        Warn(machine.Image);
        return machine;
    }

    /// <summary>Opens the image alone.</summary>
    public MemoryImage OpenImage(ParseResult result)
    {
        MemoryImage image = MemoryImage.Open(Path(result), Options(result));
        Warn(image);
        return image;
    }

    private string Path(ParseResult result)
    {
        string? path = result.GetValue(_source) ?? Environment.GetEnvironmentVariable(SourceVariable);
        return path switch
        {
            null or "" => throw new UsageException($"which memory? Name an image with -s FILE, or in {SourceVariable}"),
            "live" or "kcore" or "devmem" => throw new UsageException($"-s {path}: reading the running machine is not in this version; name an image"),
            _ when path.StartsWith("qemu:", StringComparison.Ordinal) || path.StartsWith("gdb:", StringComparison.Ordinal) =>
                throw new UsageException($"-s {path}: reading a running guest is not in this version; name its RAM file or a dump"),
            _ => path,
        };
    }

    private MemoryImageOptions Options(ParseResult result)
    {
        ulong? split = null;
        if (result.GetValue(_ramSplit) is string text)
        {
            split = AddressExpression.TryParseSize(text, out ulong bytes) && bytes % PageFrame.Size == 0 && bytes <= 1UL << 32
                ? bytes
                : throw new UsageException($"--ram-split '{text}': write a size of whole pages up to 4G, as 2G or 0x80000000; 0 for no hole");
        }

        return new(split, result.GetValue(_allowTruncated));
    }

    private static void Warn(MemoryImage image)
    {
        foreach (string damage in image.Damage)
        {
            Console.Error.WriteLine($"iommu-spy: {image.Path}: {damage}");
        }
    }
}
