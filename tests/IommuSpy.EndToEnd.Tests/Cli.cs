using System.Diagnostics;
using System.Text;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Runs the program as a user would.</summary>
internal static class Cli
{
    private const string CommandVariable = "IOMMU_SPY_COMMAND";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What a run left behind.</summary>
    internal sealed record Outcome(int ExitCode, string Output, string Error, TimeSpan Time)
    {
        /// <summary>Lines of standard output.</summary>
        public string[] Lines { get; } = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs the program with arguments. Its environment names a source that there is none of.</summary>
    public static Outcome Run(params string[] arguments) => RunWithInput(null, arguments);

    /// <summary>Runs the program with something on its standard input.</summary>
    public static Outcome RunWithInput(string? input, params string[] arguments) => RunIn("", input, arguments);

    /// <summary>The same in a directory.</summary>
    public static Outcome RunIn(string directory, string? input, params string[] arguments)
    {
        ProcessStartInfo start = Prepared(arguments);
        start.WorkingDirectory = directory;
        Stopwatch watch = Stopwatch.StartNew();
        using Process process = System.Diagnostics.Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"no answer in {Patience}: {string.Join(' ', arguments)}");
        }

        return new(process.ExitCode, output.Result, error.Result, watch.Elapsed);
    }

    /// <summary>Where the tests have DuckDB's library, and what tells the program so.</summary>
    public static (string Variable, string Library) DuckDb { get; } = ("IOMMU_SPY_DUCKDB", Path.Combine(AppContext.BaseDirectory, "libduckdb.so"));

    /// <summary>The program as it runs, for who ends it.</summary>
    public static Process Process(params string[] arguments) => System.Diagnostics.Process.Start(Prepared(arguments))!;

    /// <summary>Starts the program with a variable of its environment.</summary>
    public static Process ProcessWith(string variable, string value, params string[] arguments)
    {
        ProcessStartInfo start = Prepared(arguments);
        start.Environment[variable] = value;
        return System.Diagnostics.Process.Start(start)!;
    }

    /// <summary>Starts the program and leaves its standard input open.</summary>
    public static Conversation Start(params string[] arguments) => new(System.Diagnostics.Process.Start(Prepared(arguments))!);

    /// <summary>A program that answers line by line. Disposing it closes its input, at which it has to end.</summary>
    internal sealed class Conversation(Process process) : IDisposable
    {
        /// <summary>The process's number.</summary>
        public int Id => process.Id;

        /// <summary>Writes a line and waits for one.</summary>
        public async Task<string> Ask(string line)
        {
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            CancellationToken cancelled = TestContext.Current.CancellationToken;
            string? answer = await process.StandardOutput.ReadLineAsync(cancelled).AsTask().WaitAsync(Patience, cancelled);
            return answer ?? throw new InvalidOperationException($"it ended instead of answering: {await process.StandardError.ReadToEndAsync(cancelled)}");
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
            }

            process.Dispose();
        }
    }

    /// <summary>The program to put into guests, which have no libraries: the static one where it is built.</summary>
    public static string StandaloneProgram() => Program() + "-static" is string built && File.Exists(built) ? built : Program();

    /// <summary>The checkout that these tests are of.</summary>
    public static string Checkout()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "IommuSpy.slnx")))
        {
            directory = directory.Parent;
        }

        return directory!.FullName;
    }

    private static ProcessStartInfo Prepared(string[] arguments)
    {
        ProcessStartInfo start = new(Program(), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };

        // Without a source the program reads the machine that it runs on: a test never does, outside a guest.
        start.Environment["IOMMU_SPY_SOURCE"] = "/no/source/in/tests";

        // The library of the package that these tests read Parquet with.
        start.Environment[DuckDb.Variable] = DuckDb.Library;
        return start;
    }

    /// <summary>The program that is tested.</summary>
    public static string Program()
    {
        if (Environment.GetEnvironmentVariable(CommandVariable) is { Length: > 0 } named)
        {
            return named;
        }

        string built = Path.Combine(Checkout(), "iommu-spy");
        return File.Exists(built) ? built : throw new InvalidOperationException("the program is not built: run make first");
    }
}
