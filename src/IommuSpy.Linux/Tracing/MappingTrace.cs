using System.Globalization;
using System.Text;
using IommuSpy.Memory;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Tracing;

/// <summary>
/// The running kernel's own account of what is mapped for devices and unmapped, through a private instance of tracefs (Documentation/trace/ftrace.rst), which
/// goes away with this object. What other users of tracing have set up is not touched. Not to be shared between threads.
/// </summary>
/// <remarks>
/// The events iommu:map and iommu:unmap (drivers/iommu/iommu-traces.c) have no device and no domain. So it is probes on the functions that raise them that are
/// listened to (kprobe_events), which see the domain; and beside them the events of intel_iommu (before 5.11), which name the device and stand for mappings
/// that never go through the common functions.
/// </remarks>
public sealed class MappingTrace : IDisposable
{
    private const string Prefix = "iommu-spy-";
    private const string MapProbe = "iommu_spy_map";
    private const string UnmapProbe = "iommu_spy_unmap";
    private const string MapSingle = "map_single";
    private const int MostProfileBytes = 1 << 20;
    private const int BufferKilobytes = 4096;

    // Arguments in the registers of the x86-64 ABI: (domain, iova, physical, size, ...) and (domain, iova, size, ...). Newer names last, the outermost function
    // when nothing else is there.
    private static readonly string[] MapFunctions = ["__iommu_map", "iommu_map_nosync", "iommu_map"];
    private static readonly string[] UnmapFunctions = ["__iommu_unmap", "iommu_unmap"];
    private static readonly (string Name, bool IsMap)[] IntelEvents = [(MapSingle, true), ("map_sg", true), ("unmap_single", false)];

    private readonly string _root;
    private readonly string _instance;
    private readonly string _group;
    private readonly List<(string Name, bool IsMap)> _names = [];
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly StringBuilder _line = new();
    private SafeFileHandle? _pipe;
    private long _dropped;
    private bool _disposed;

    private MappingTrace(string root)
    {
        _root = root;
        _instance = Path.Combine(root, "instances", Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        _group = "iommu_spy_" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>What is listened to, in words: "probes on __iommu_map and __iommu_unmap".</summary>
    public string Way { get; private set; } = "";

    /// <summary>Begins to listen.</summary>
    /// <param name="problem">Why the kernel cannot be listened to; null where it can.</param>
    public static MappingTrace? Start(out string? problem)
    {
        string? root = Array.Find(["/sys/kernel/tracing", "/sys/kernel/debug/tracing"], path => Directory.Exists(Path.Combine(path, "instances")));
        if (root is null)
        {
            problem = "tracefs is not to be had: not root, not mounted (mount -t tracefs tracefs /sys/kernel/tracing), or the kernel is locked down";
            return null;
        }

        MappingTrace trace = new(root);
        try
        {
            trace.RemoveLeftovers();
            problem = trace.Begin();
            if (problem is null)
            {
                return trace;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"tracing is refused: {FileProblem.Of(e)}";
        }

        trace.Dispose();
        return null;
    }

    /// <summary>The events since the last call, in the order in which the kernel gives them. Returns at once.</summary>
    public IEnumerable<MappingEvent> Read()
    {
        while (_pipe is not null && TracePipe.Read(_pipe, _buffer) is int read and > 0)
        {
            for (int i = 0; i < read; i++)
            {
                if (_buffer[i] != '\n')
                {
                    _line.Append((char)_buffer[i]);
                    continue;
                }

                string line = _line.ToString();
                _line.Clear();
                if (EventOf(line) is MappingEvent one)
                {
                    yield return one;
                }
            }
        }
    }

    /// <summary>
    /// Events since the beginning that are not among those read: dropped, because nobody read them in time; and missed by a probe, as when an interrupt that
    /// unmaps comes while another probe is being handled (kprobe_profile). Those of other watchers on this machine are among the missed.
    /// </summary>
    public long CountLost()
    {
        long missed = 0;
        try
        {
            // Lines of "name hits misses".
            foreach (string line in Encoding.ASCII.GetString(Opener.ReadAll(Path.Combine(_root, "kprobe_profile"), MostProfileBytes)).Split('\n'))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                if (words.Length == 3 && words[0] is MapProbe or UnmapProbe
                    && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out long misses))
                {
                    missed += misses;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without probes there is no such file.
        }

        return _dropped + missed;
    }

    /// <summary>Stops listening and takes everything away that <see cref="Start"/> made.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _pipe?.Dispose();
        RemoveInstance(_instance);
        RemoveProbes(_group);
    }

    private string? Begin()
    {
        Directory.CreateDirectory(_instance);
        Write(Path.Combine(_instance, "trace_clock"), "mono");
        Write(Path.Combine(_instance, "buffer_size_kb"), BufferKilobytes.ToString(CultureInfo.InvariantCulture));
        string? map = Probe(MapProbe, MapFunctions, "domain=%di:u64 iova=%si:u64 size=%cx:u64");
        string? unmap = Probe(UnmapProbe, UnmapFunctions, "domain=%di:u64 iova=%si:u64 size=%dx:u64");
        List<string> ways = [];
        if (map is not null && unmap is not null)
        {
            _names.AddRange([(MapProbe, true), (UnmapProbe, false)]);
            Write(Path.Combine(_instance, "events", _group, "enable"), "1");
            ways.Add($"probes on {map} and {unmap}");
        }

        foreach ((string name, bool isMap) in IntelEvents)
        {
            string enable = Path.Combine(_instance, "events/intel_iommu", name, "enable");
            if (File.Exists(enable))
            {
                _names.Add((name, isMap));
                Write(enable, "1");
            }
        }

        if (_names.Any(name => name.Name == MapSingle))
        {
            ways.Add("events of intel_iommu");
        }

        Way = string.Join(" and ", ways);
        if (_names.Count == 0)
        {
            return "this kernel has neither kprobe events (CONFIG_KPROBE_EVENTS) nor events that name devices";
        }

        _pipe = Opener.Pipe(Path.Combine(_instance, "trace_pipe"));
        return _pipe is null ? "the trace cannot be read" : null;
    }

    // The function that could be probed.
    private string? Probe(string name, string[] functions, string arguments)
    {
        foreach (string function in functions)
        {
            try
            {
                Write(Path.Combine(_root, "kprobe_events"), $"p:{_group}/{name} {function} {arguments}\n");
                return function;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // This kernel has no such function, or no such probes.
            }
        }

        return null;
    }

    private MappingEvent? EventOf(string line)
    {
        foreach ((string name, bool isMap) in _names)
        {
            if (MappingEvent.Parse(line, name, isMap) is MappingEvent one)
            {
                // Of map_single the length is that of its pages already (drivers/iommu/intel/iommu.c).
                return one.WholePages(isLengthOfPages: name == MapSingle);
            }
        }

        const string LostWord = "[LOST ";
        int lost = line.IndexOf(LostWord, StringComparison.Ordinal);
        if (line.StartsWith("CPU:", StringComparison.Ordinal) && lost > 0
            && long.TryParse(line.AsSpan(lost + LostWord.Length).ToString().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            _dropped += count;
        }

        return null;
    }

    // A process that was killed could not clean up.
    private void RemoveLeftovers()
    {
        foreach (string instance in Directory.EnumerateDirectories(Path.Combine(_root, "instances"), Prefix + "*"))
        {
            string pid = Path.GetFileName(instance)[Prefix.Length..];
            if (!Directory.Exists("/proc/" + pid))
            {
                RemoveInstance(instance);
                RemoveProbes("iommu_spy_" + pid);
            }
        }
    }

    private static void RemoveInstance(string instance)
    {
        try
        {
            Directory.Delete(instance, recursive: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It was never made.
        }
    }

    private void RemoveProbes(string group)
    {
        foreach (string name in new[] { MapProbe, UnmapProbe })
        {
            try
            {
                Write(Path.Combine(_root, "kprobe_events"), $"-:{group}/{name}\n");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It was never made.
            }
        }
    }

    // Not truncated when opened: for kprobe_events that means to remove everybody's.
    private static void Write(string path, string text)
    {
        using SafeFileHandle file = Opener.Write(path);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(text), 0);
    }
}
