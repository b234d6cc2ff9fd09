using System.Diagnostics;
using System.Globalization;

namespace IommuSpy.Fuzz;

/// <summary>The whole program over spoiled captures: it may answer or refuse, in time and in memory, and nothing else.</summary>
internal sealed class CommandRun(string program)
{
    private const int MostKilobytes = 1 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static readonly string[][] Commands =
    [
        ["info"], ["info", "--allow-truncated"], ["roots"], ["maps"], ["layout", "-J"], ["symbols", "init*"], ["translate", "init_task"],
        ["explain", "init_task"], ["ps"],
        ["convert", "CAPTURE", "/dev/null", "--format", "elf"],
    ];

    private readonly SortedDictionary<int, int> _exits = [];
    private readonly List<string> _findings = [];
    private double _longest;
    private long _most;

    public int Run(int count, int seed)
    {
        Mutator mutator = new(seed);
        (string Name, byte[] Bytes)[] captures = [.. Captures.OfKernel(), .. Captures.Small()];
        string directory = Directory.CreateTempSubdirectory("iommu-spy-mutate-").FullName;
        try
        {
            for (int i = 0; i < count; i++)
            {
                (string name, byte[] good) = captures[mutator.Next(captures.Length)];
                byte[] bytes = mutator.Spoil(good, captures[mutator.Next(captures.Length)].Bytes);
                string[] command = Commands[mutator.Next(Commands.Length)];
                string path = Path.Combine(directory, "capture");
                File.WriteAllBytes(path, bytes);
                One(directory, path, name, command, i);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count} runs, seed {seed}: {string.Join(", ", _exits.Select(exit => $"exit {exit.Key}: {exit.Value}"))}; longest {_longest:0.0} s, most "
                + $"memory {_most / 1024} MiB; {_findings.Count} findings"));
        _findings.ForEach(Console.WriteLine);
        return _findings.Count == 0 ? 0 : 1;
    }

    private void One(string directory, string path, string name, string[] command, int number)
    {
        string usage = Path.Combine(directory, "usage");
        bool converts = command[0] == "convert";
        string output = Path.Combine(directory, "output");
        IEnumerable<string> arguments = converts ? ["convert", path, output, .. command[3..]] : [.. command, "-s", path];
        ProcessStartInfo start = new("/usr/bin/time",
            ["-f", "%e %M", "-o", usage, "timeout", "-s", "KILL", "60", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        start.Environment["XDG_CACHE_HOME"] = directory;
        using Process process = Process.Start(start)!;
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        text.Wait();
        int exit = process.ExitCode;
        _exits[exit] = _exits.GetValueOrDefault(exit) + 1;
        string[] used = File.ReadAllLines(usage)[^1].Split(' ');
        double seconds = double.Parse(used[0], CultureInfo.InvariantCulture);
        long kilobytes = long.Parse(used[1], CultureInfo.InvariantCulture);
        _longest = Math.Max(_longest, seconds);
        _most = Math.Max(_most, kilobytes);
        if (exit is not (0 or 1 or 3) || kilobytes > MostKilobytes || seconds > Longest.TotalSeconds)
        {
            string kept = Path.Combine(Path.GetTempPath(), $"iommu-spy-mutated-{number}");
            File.Copy(path, kept, overwrite: true);
            _findings.Add($"{name}, {string.Join(' ', command)}: exit {exit}, {seconds} s, {kilobytes} KiB: {kept}: {error.Split('\n')[0]}");
        }

        File.Delete(output);
        foreach (string copy in Directory.Exists(Path.Combine(directory, "iommu-spy")) ? Directory.GetFiles(Path.Combine(directory, "iommu-spy")) : [])
        {
            File.Delete(copy);
        }
    }
}
