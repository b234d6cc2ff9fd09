using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>Which control groups a task is in (include/linux/cgroup-defs.h, struct css_set; kernel/cgroup/cgroup.c, proc_cgroup_show).</summary>
/// <param name="objects">Reads the kernel's memory.</param>
public sealed class ControlGroups(KernelObjects objects)
{
    private const string Deleted = " (deleted)";
    private const int MostHierarchies = 64;
    private const int MostControllers = 32;
    private const int MostLevels = 256;
    private const int MostPathCharacters = 4096;
    private const int MaxNameBytes = 256;

    // include/linux/cgroup-defs.h, CSS_ONLINE.
    private const ulong Online = 1 << 1;

    // Each group's path is read once; no machine has more.
    private const int MostNames = 1 << 18;

    private readonly Field? _set = objects.Types.FindField("task_struct", "cgroups");
    private readonly Field? _links = objects.Types.FindField("css_set", "cgrp_links");
    private readonly Field? _link = objects.Types.FindField("cgrp_cset_link", "cgrp_link");
    private readonly Field? _group = objects.Types.FindField("cgrp_cset_link", "cgrp");
    private readonly Field? _node = objects.Types.FindField("cgroup", "kn");
    private readonly Field? _root = objects.Types.FindField("cgroup", "root");
    private readonly Field? _flags = objects.Types.FindField("cgroup", "self.flags");
    private readonly Field? _hierarchy = objects.Types.FindField("cgroup_root", "hierarchy_id");
    private readonly Field? _controllers = objects.Types.FindField("cgroup_root", "subsys_mask");
    private readonly Field? _rootName = objects.Types.FindField("cgroup_root", "name");
    private readonly Field? _name = objects.Types.FindField("kernfs_node", "name");

    // The second name since 6.15 (741c10b096bc).
    private readonly Field? _parent = objects.Types.FindField("kernfs_node", "parent", "__parent");
    private readonly Field? _controllerName = objects.Types.FindField("cgroup_subsys", "legacy_name", "name");
    private readonly VirtualAddress? _table = objects.Variable("cgroup_subsys");
    private readonly bool _isSecondHidden = objects.Variable("cgrp_dfl_visible") is VirtualAddress visible && objects.Number(visible, 1) == 0;
    private readonly Dictionary<VirtualAddress, IReadOnlyList<string>> _sets = [];
    private readonly Dictionary<VirtualAddress, (ulong Hierarchy, string Line)?> _groups = [];
    private WorkAllowance _allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MostNames);

    /// <summary>
    /// The groups of a task, a line for each hierarchy, as /proc/PID/cgroup has them in the first namespace: "0::/system.slice/ssh.service" of the second
    /// version, "4:memory:/build" of the first, of which the kernel itself shows a task that has ended in "/". Empty where none can be read.
    /// </summary>
    public IReadOnlyList<string> Of(KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (_links is null || _link is null || objects.Pointer(task.Address, _set) is not VirtualAddress set)
        {
            return [];
        }

        if (!_sets.TryGetValue(set, out IReadOnlyList<string>? known))
        {
            // The newest hierarchy is first in the kernel's list, and has the highest number.
            _sets[set] = known =
            [
                .. KernelList.Read(objects, set + _links.Offset, _link.Offset, MostHierarchies).Elements
                    .Select(link => objects.Pointer(link, _group) is VirtualAddress group ? Group(group) : null)
                    .OfType<(ulong Hierarchy, string Line)>().OrderByDescending(group => group.Hierarchy).Select(group => group.Line),
            ];
            _allowance.Finish();
        }

        return known;
    }

    private (ulong Hierarchy, string Line)? Group(VirtualAddress group)
    {
        if (!_groups.TryGetValue(group, out (ulong Hierarchy, string Line)? known))
        {
            _groups[group] = known = ReadGroup(group);
        }

        return known;
    }

    private (ulong Hierarchy, string Line)? ReadGroup(VirtualAddress group)
    {
        if (objects.Pointer(group, _root) is not VirtualAddress root || objects.Read(root, _hierarchy) is not ulong hierarchy
            || objects.Pointer(group, _node) is not VirtualAddress node || Path(node) is not string path)
        {
            return null;
        }

        if (hierarchy != 0)
        {
            return (hierarchy, $"{hierarchy}:{Controllers(root)}:{path}");
        }

        bool isGone = objects.Read(group, _flags) is ulong flags && (flags & Online) == 0;
        return _isSecondHidden ? null : (hierarchy, $"0::{path}{(isGone ? Deleted : "")}");
    }

    private string Controllers(VirtualAddress root)
    {
        List<string> names = [];
        ulong mask = objects.Read(root, _controllers) ?? 0;
        for (int i = 0; i < MostControllers && _table is not null; i++)
        {
            if (((mask >> i) & 1) != 0 && objects.Pointer(_table.Value + ((ulong)i * sizeof(ulong))) is VirtualAddress controller
                && objects.Pointer(controller, _controllerName) is VirtualAddress text && objects.Text(text, MaxNameBytes) is string name)
            {
                names.Add(name);
            }
        }

        return string.Join(',', objects.Text(root, _rootName) is { Length: > 0 } its ? [.. names, $"name={its}"] : names);
    }

    // The first group of a hierarchy has no name: its path is "/".
    private string? Path(VirtualAddress node)
    {
        string path = "";
        for (int depth = 0; depth < MostLevels && path.Length < MostPathCharacters; depth++)
        {
            if (objects.Pointer(node, _parent) is not VirtualAddress parent)
            {
                return path.Length > 0 ? path : "/";
            }

            if (!_allowance.TryUse() || objects.Pointer(node, _name) is not VirtualAddress text || objects.Text(text, MaxNameBytes) is not string name)
            {
                return null;
            }

            path = $"/{name}{path}";
            node = parent;
        }

        return null;
    }
}
