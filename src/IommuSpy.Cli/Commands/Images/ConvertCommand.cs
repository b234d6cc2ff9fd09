using System.CommandLine;
using IommuSpy.Analysis.Conversion;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Sessions;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy convert: an image in another format.</summary>
internal static class ConvertCommand
{
    private const string StandardOutput = "-";

    public static Command Build()
    {
        Argument<string[]> files =
            new("files")
            {
                Description = "IN OUT: the image and the new file, - for standard input and output; the parts of a split dump are each an IN.",
                HelpName = "FILE",
                Arity = ArgumentArity.OneOrMore
            };
        Option<string> format = new("--format") { Description = "elf, lime, avml, raw or kdump.", HelpName = "FORMAT", Required = true };
        Option<string> compress = new("--compress")
        {
            Description = "Of a kdump: zlib, snappy, zstd or none.",
            HelpName = "HOW",
            DefaultValueFactory = _ => "zlib"
        };
        Option<string?> exclude = new("--exclude")
        {
            Description = "Kinds of pages to leave out: zero, free, user, cache; several with commas.",
            HelpName = "KIND,..."
        };
        exclude.CompletionSources.Add("zero", "free", "user", "cache");
        format.TakesOnly("elf", "lime", "avml", "raw", "kdump");
        compress.TakesOnly("zlib", "snappy", "zstd", "none");
        Option<bool> force = new("--force") { Description = "Replace OUT where it is there; never the image itself." };
        Command command = new(
            "convert",
            "Writes an image in another format, readable by you alone. Into a pipe, a kdump is flattened (makedumpfile -R).\n\nExamples: iommu-spy convert "
                + "dump.elf dump.kdump --format kdump --compress zstd\n          iommu-spy convert dump.kdump - --format lime | ssh store 'cat > dump.lime'")
        {
            files,
            format,
            compress,
            exclude,
            force,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with
        {
            Sources = [.. source.Named(result), .. result.GetValue(files)![..^1]],
            Writes = CommandNeeds.FoldersOf(result.GetValue(files)![^1]),
        });
        command.SetAction(result =>
        {
            string[] named = result.GetValue(files)!;
            IReadOnlyList<string> inputs = [.. source.Named(result), .. named[..^1]];
            string target = named[^1];
            if (inputs.Count == 0 && Session.Current is { } session)
            {
                inputs = session.Paths;
            }

            if (inputs.Count == 0)
            {
                throw new UsageException("convert what into what? Name the image and the new file: convert IN OUT --format FORMAT");
            }

            if (!string.Equals(target, StandardOutput, StringComparison.Ordinal))
            {
                ImageWriter.RefuseWhatIsThere(target, inputs, result.GetValue(force));
            }

            ExcludedPages kinds = Kinds(result.GetValue(exclude));
            using MemoryImage image = source.OpenImage(result, inputs);
            ImageConverter converter = new(image, source.Options(result));
            using Stream? stream = string.Equals(target, StandardOutput, StringComparison.Ordinal) ? Output.Image() : null;
            Progress progress = new("converting");
            ConvertReport report = converter.Write(
                target, stream, Enum.Parse<ImageFormat>(result.GetValue(format)!, ignoreCase: true),
                Enum.Parse<PageCompression>(result.GetValue(compress)!, ignoreCase: true), kinds, progress.Show);
            stream?.Flush();
            progress.Clear();
            if (stream is null)
            {
                Reports.Write(result, output.Form(result), report, ReportJson.Default.ConvertReport, ConvertText.Write);
            }
            else
            {
                // Standard output is the image.
                using LineWriter text = Output.Beside();
                ConvertText.Write(text, report);
            }

            if (report.Unreadable > 0)
            {
                Output.Problem($"{report.Source}: {report.Unreadable} pages do not "
                    + $"decode: {(report.Format == "kdump" ? "they are missing from" : "they are zeros in")} {target}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static ExcludedPages Kinds(string? text)
    {
        ExcludedPages kinds = ExcludedPages.None;
        foreach (string kind in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            kinds |= kind switch
            {
                "zero" => ExcludedPages.Zero,
                "free" => ExcludedPages.Free,
                "user" => ExcludedPages.User,
                "cache" => ExcludedPages.Cache,
                _ => throw new UsageException($"--exclude {kind}: the kinds are zero, free, user and cache"),
            };
        }

        return kinds;
    }
}
