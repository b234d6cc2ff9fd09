using System.Buffers.Binary;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Reads the tables that say what places in code are, of the kernel and of its modules, within one allowance for all.</summary>
internal sealed class CodeSiteReader
{
    // Kernels with everything in them have some 200,000, and modules as many again.
    private const long MostSites = 1 << 20;
    private const ulong MostTableBytes = 16UL << 20;
    private const ulong MostRecordBytes = 256;
    private const int MostDamage = 100;

    // Entries of code that was freed after the start have no address any more.
    private const int FewestOfTen = 9;

    private static readonly SiteTable[] Tables =
    [
        new("__start___jump_table", "__stop___jump_table", "jump_entries", "num_jump_entries", [JumpForm.Relative, JumpForm.Absolute]),
        new("__start_static_call_sites", "__stop_static_call_sites", "static_call_sites", "num_static_call_sites", [new StaticCallForm()]),
        new("__start___bug_table", "__stop___bug_table", "bug_table", "num_bugs", BugForm.All),
        new("__start___ex_table", "__stop___ex_table", "extable", "num_exentries", [new FaultForm(12), new FaultForm(8)]),
    ];

    private readonly LinuxKernel _kernel;
    private readonly List<CodeSite> _sites = [];
    private readonly DamageLines _damage = new(MostDamage);

    // The kernel's own tables are large enough to tell; its modules' have the same form.
    private readonly Dictionary<SiteTable, SiteForm> _forms = [];
    private WorkAllowance _allowance;

    public CodeSiteReader(LinuxKernel kernel)
    {
        _kernel = kernel;
        _allowance = new(kernel.Memory.Budget, Work.Steps, MostSites);
    }

    public CodeSites Read(KernelObjects? objects, ModuleList? modules)
    {
        CodeRanges ranges = CodeRanges.Of(_kernel);
        foreach (SiteTable table in Tables)
        {
            if (_kernel.AddressOf(table.Start) is VirtualAddress start && _kernel.AddressOf(table.Stop) is VirtualAddress stop && stop.Value > start.Value)
            {
                Add(table, start, _ => stop - start, ranges, table.Start);
            }
        }

        if (objects is not null)
        {
            foreach (KernelModule module in modules?.Modules ?? [])
            {
                AddModule(objects, module);
            }

            List<string> damage = [];
            _sites.AddRange(KernelProbe.Read(objects, damage).Select(probe => new CodeSite(probe.Address, CodeSiteKind.Probe)));
            damage.ForEach(_damage.Add);
            AddTraced(objects);
        }

        if (_allowance.Used >= MostSites)
        {
            _damage.Add($"only {MostSites:N0} places of the kernel's tables are read: there are more");
        }

        _allowance.Finish();
        return new(_sites, _damage.All);
    }

    private void AddModule(KernelObjects objects, KernelModule module)
    {
        CodeRanges ranges = new([.. module.Memory.Select(memory => (memory.Start, memory.Length))]);
        foreach (SiteTable table in Tables)
        {
            if (objects.Pointer(module.Object, objects.Types.FindField("module", table.Pointer)) is VirtualAddress start
                && objects.Read(module.Object, objects.Types.FindField("module", table.Count)) is ulong count and > 0)
            {
                Add(table, start, form => count <= MostTableBytes ? count * (ulong)form.Bytes : ulong.MaxValue, ranges, $"{table.Pointer} of {module.Name}");
            }
        }
    }

    // Of a form that is not known yet, the one is taken in which nearly all entries are about code.
    private void Add(SiteTable table, VirtualAddress start, Func<SiteForm, ulong> length, CodeRanges ranges, string name)
    {
        foreach (SiteForm form in _forms.TryGetValue(table, out SiteForm? known) ? [known] : table.Forms)
        {
            if (length(form) is ulong bytes && bytes <= MostTableBytes && bytes % (ulong)form.Bytes == 0
                && TryRead(form, start, (int)bytes, ranges, isKnown: known is not null))
            {
                _forms[table] = form;
                return;
            }
        }

        _damage.Add($"{name} at {start} cannot be read, or has a form that is not known: what it says of places in code is missing");
    }

    private bool TryRead(SiteForm form, VirtualAddress start, int bytes, CodeRanges ranges, bool isKnown)
    {
        if (!_allowance.TryUse(bytes / form.Bytes))
        {
            return false;
        }

        byte[] entries = new byte[bytes];
        if (_kernel.Space.Read(start, entries) != bytes)
        {
            return false;
        }

        int before = _sites.Count;
        int read = 0, fitting = 0;
        for (int i = 0; i < bytes; i += form.Bytes, read++)
        {
            ReadOnlySpan<byte> entry = entries.AsSpan(i, form.Bytes);
            VirtualAddress at = start + (ulong)i;
            if (form.Read(_kernel, entry, at) is not CodeSite site || !ranges.Contains(site.Address))
            {
                continue;
            }

            bool isInOrder = !form.IsSorted || _sites.Count == before || site.Address.Value >= _sites[^1].Address.Value;
            fitting += isInOrder && (isKnown || form.IsTypical(_kernel, entry, at)) ? 1 : 0;
            _sites.Add(site);
        }

        if (isKnown || fitting * 10L >= read * FewestOfTen)
        {
            return true;
        }

        _sites.RemoveRange(before, _sites.Count - before);
        return false;
    }

    // ftrace_pages_start: a list of arrays (kernel/trace/ftrace.c).
    private void AddTraced(KernelObjects objects)
    {
        KernelTypes types = objects.Types;
        if (objects.Variable("ftrace_pages_start") is not VirtualAddress first || types.FindField("ftrace_page", "next") is not Field next
            || types.FindField("ftrace_page", "records") is not Field records || types.FindField("ftrace_page", "index") is not Field index
            || types.FindField("dyn_ftrace", "ip") is not Field ip || types.FindStruct("dyn_ftrace")?.Bytes is not (ulong size and > 0 and <= MostRecordBytes)
            || ip.Offset + sizeof(ulong) > size)
        {
            return;
        }

        HashSet<VirtualAddress> seen = [];
        for (VirtualAddress? page = objects.Pointer(first); page is VirtualAddress at && _allowance.TryUse(); page = objects.Pointer(at, next))
        {
            if (!seen.Add(at))
            {
                _damage.Add($"the function tracer's list of records runs in a circle at {at}: places in them may be missing");
                return;
            }

            ulong count = objects.Read(at, index) ?? 0;
            if (count == 0 || objects.Pointer(at, records) is not VirtualAddress start)
            {
                continue;
            }

            byte[] its = count <= MostTableBytes / size && _allowance.TryUse((long)count) ? new byte[count * size] : [];
            int read = _kernel.Space.Read(start, its);
            if (read == 0 || read < its.Length)
            {
                _damage.Add($"the function tracer's records at {start} cannot be read whole: places in them are missing");
            }

            for (int i = 0; i + (int)size <= read; i += (int)size)
            {
                _sites.Add(new(new(BinaryPrimitives.ReadUInt64LittleEndian(its.AsSpan(i + (int)ip.Offset))), CodeSiteKind.Tracer));
            }
        }
    }
}
