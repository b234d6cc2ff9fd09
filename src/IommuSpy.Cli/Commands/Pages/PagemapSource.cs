using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Running;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>A process whose pages are listed: of an image by its page tables, of this machine by /proc/PID/pagemap.</summary>
internal abstract class PagemapSource : IDisposable
{
    /// <summary>The process, for messages.</summary>
    public abstract string Process { get; }

    /// <summary>Opens it where the source says.</summary>
    public static PagemapSource Open(ParseResult result, SourceOptions source, string pid, string? range) =>
        source.IsLive(result) ? new Running(Va2paCommand.Open(pid), range) : new Imaged(source.OpenMachine(result), pid, range);

    /// <summary>Tells of each page.</summary>
    /// <returns>What is missing, a line each.</returns>
    public abstract IReadOnlyList<string> Visit(Action<MemoryArea, PagemapPage> receive);

    /// <inheritdoc/>
    public abstract void Dispose();

    private static (VirtualAddress First, VirtualAddress Last) Everything => (new(0), new(ulong.MaxValue));

    private sealed class Imaged(Machine machine, string pid, string? range) : PagemapSource
    {
        private readonly KernelTask _process = Processes.WithMemory(machine, pid);
        private readonly (VirtualAddress First, VirtualAddress Last) _range = range is null ? Everything : AddressRange.Parse(machine, range);

        public override string Process => _process.ToString();

        public override IReadOnlyList<string> Visit(Action<MemoryArea, PagemapPage> receive)
        {
            return PagemapList.Visit(machine, _process, _range.First, _range.Last, receive);
        }

        public override void Dispose() => machine.Dispose();
    }

    private sealed class Running(RunningProcess process, string? range) : PagemapSource
    {
        private readonly (VirtualAddress First, VirtualAddress Last) _range = range is null ? Everything : AddressRange.Parse(range);

        public override string Process => $"process {process.Pid}";

        public override IReadOnlyList<string> Visit(Action<MemoryArea, PagemapPage> receive)
        {
            bool whole = process.Visit(_range.First, _range.Last, receive);
            List<string> problems = [];
            if (!process.SeesFrames)
            {
                problems.Add("page frames are shown to CAP_SYS_ADMIN alone (since 4.2): pages in memory have no physical address here; use sudo");
            }

            if (!whole)
            {
                problems.Add($"{Process}: the kernel did not tell of all its pages: it has ended, or has changed its mappings meanwhile");
            }

            return problems;
        }

        public override void Dispose() => process.Dispose();
    }
}
