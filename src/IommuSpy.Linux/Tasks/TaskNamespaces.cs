using System.Globalization;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>Which namespaces a task is in (include/linux/nsproxy.h; fs/proc/namespaces.c).</summary>
public sealed class TaskNamespaces
{
    // A level of a pid is 16 bytes, and there are at most 32 (MAX_PID_NS_LEVEL).
    private const ulong MostLevels = 32;

    private static readonly (string Kind, string Field, string Type)[] OfProxy =
    [
        ("cgroup", "cgroup_ns", "cgroup_namespace"), ("ipc", "ipc_ns", "ipc_namespace"), ("mnt", "mnt_ns", "mnt_namespace"), ("net", "net_ns", "net"),
        ("time", "time_ns", "time_namespace"), ("uts", "uts_ns", "uts_namespace"),
    ];

    private readonly KernelObjects _objects;
    private readonly (string Kind, Field? Its, Field? Number)[] _ofProxy;
    private readonly Field? _proxy;
    private readonly Field? _credentials;
    private readonly Field? _user;
    private readonly Field? _userNumber;
    private readonly Field? _pid;
    private readonly Field? _links;
    private readonly ulong _inLink;
    private readonly Field? _level;
    private readonly Field? _numbers;
    private readonly Field? _pidSpace;
    private readonly ulong? _levelBytes;
    private readonly Field? _pidNumber;

    /// <param name="objects">Reads the kernel's memory.</param>
    public TaskNamespaces(KernelObjects objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        KernelTypes types = objects.Types;
        _objects = objects;
        _proxy = types.FindField("task_struct", "nsproxy");
        _ofProxy = [.. OfProxy.Select(one => (one.Kind, types.FindField("nsproxy", one.Field), Number(one.Type)))];
        _credentials = types.FindField("task_struct", "real_cred");
        _user = types.FindField("cred", "user_ns");
        _userNumber = Number("user_namespace");

        // The first of an array of links, each with its pid, before 4.19 (2c4704756cab).
        _pid = types.FindField("task_struct", "thread_pid");
        _links = _pid is null ? types.FindField("task_struct", "pids") : null;
        _inLink = types.FindField("pid_link", "pid")?.Offset ?? 0;
        _level = types.FindField("pid", "level");
        _numbers = types.FindField("pid", "numbers");
        _pidSpace = types.FindField("upid", "ns");
        _levelBytes = types.FindStruct("upid")?.Bytes;
        _pidNumber = Number("pid_namespace");

        // proc_inum before 3.19 (435d5f4bb2cc).
        Field? Number(string type) => types.FindField(type, "ns.inum", "proc_inum");
    }

    /// <summary>
    /// The namespaces of a task, as the links in /proc/PID/ns name them, by name: "cgroup:[4026531835]". A task that has ended is in few; what is not
    /// described is left out.
    /// </summary>
    public IReadOnlyList<string> Of(KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        List<string> names = [];
        VirtualAddress? proxy = _objects.Pointer(task.Address, _proxy);
        foreach ((string kind, Field? its, Field? number) in _ofProxy)
        {
            Add(kind, proxy is null ? null : _objects.Pointer(proxy.Value, its), number);
        }

        Add("pid", PidSpace(task), _pidNumber);
        Add("user", _objects.Pointer(task.Address, _credentials) is VirtualAddress credentials ? _objects.Pointer(credentials, _user) : null, _userNumber);
        names.Sort(StringComparer.Ordinal);
        return names;

        void Add(string kind, VirtualAddress? space, Field? number)
        {
            if (space is not null && _objects.Read(space.Value, number) is ulong inode)
            {
                names.Add(string.Create(CultureInfo.InvariantCulture, $"{kind}:[{(uint)inode}]"));
            }
        }
    }

    // That of its own number at the deepest level (kernel/pid.c, ns_of_pid).
    private VirtualAddress? PidSpace(KernelTask task)
    {
        VirtualAddress? pid = _pid is not null ? _objects.Pointer(task.Address, _pid)
            : _links is not null ? _objects.Pointer(task.Address + (_links.Offset + _inLink)) : null;
        return pid is VirtualAddress its && _numbers is not null && _levelBytes is ulong bytes && _objects.Read(its, _level) is ulong level and <= MostLevels
            ? _objects.Pointer(its + (_numbers.Offset + (level * bytes)), _pidSpace) : null;
    }
}
