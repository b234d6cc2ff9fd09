using System.Buffers.Binary;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>
/// What the kernel's own tables say of places in its code and in that of its modules: which instructions it writes anew while it runs, where it complains,
/// where it goes on after a fault. The tables have had several forms; the one in which all entries are about code is taken. Immutable; safe to share.
/// </summary>
public sealed class CodeSites
{
    // The largest kernels have some 100,000 entries of 16 bytes.
    private const ulong MostTableBytes = 64UL << 20;
    private const int MostProbes = 1 << 16;
    private const int ProbeBuckets = 64;

    // Entries of code that was freed after the start have no address any more.
    private const int FewestOfTen = 9;

    private static readonly SiteTable[] Tables =
    [
        new("__start___jump_table", "__stop___jump_table", "jump_entries", "num_jump_entries", [JumpForm.Relative, JumpForm.Absolute]),
        new("__start_static_call_sites", "__stop_static_call_sites", "static_call_sites", "num_static_call_sites", [new StaticCallForm()]),
        new("__start___bug_table", "__stop___bug_table", "bug_table", "num_bugs", BugForm.All),
        new("__start___ex_table", "__stop___ex_table", "extable", "num_exentries", [new FaultForm(12), new FaultForm(8)]),
    ];

    private readonly CodeSite[] _sites;

    private CodeSites(List<CodeSite> sites) => _sites = [.. sites.OrderBy(site => site.Address.Value)];

    /// <summary>All of them, by address.</summary>
    public IReadOnlyList<CodeSite> All => _sites;

    /// <summary>Those of one range.</summary>
    /// <param name="first">Its first byte.</param>
    /// <param name="last">Its last byte.</param>
    public ReadOnlySpan<CodeSite> Between(VirtualAddress first, VirtualAddress last)
    {
        int from = IndexOf(first.Value);
        int to = last.Value == ulong.MaxValue ? _sites.Length : IndexOf(last.Value + 1);
        return _sites.AsSpan(from, Math.Max(to - from, 0));
    }

    /// <summary>Reads them.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="objects">Its structures; null where nothing describes them, and then modules, probes and the tracer are left out.</param>
    /// <param name="modules">The loaded modules; null where they are not known.</param>
    public static CodeSites Read(LinuxKernel kernel, KernelObjects? objects, ModuleList? modules)
    {
        List<CodeSite> sites = [];
        CodeRanges ranges = CodeRanges.Of(kernel);
        foreach (SiteTable table in Tables)
        {
            if (Symbol(kernel, table.Start) is VirtualAddress start && Symbol(kernel, table.Stop) is VirtualAddress stop && stop.Value > start.Value)
            {
                sites.AddRange(Entries(kernel, table, start, stop - start, ranges));
            }
        }

        if (objects is null)
        {
            return new(sites);
        }

        foreach (KernelModule module in modules?.Modules ?? [])
        {
            CodeRanges its = new([.. module.Memory.Select(memory => (memory.Start, memory.Length))]);
            foreach (SiteTable table in Tables)
            {
                if (objects.Pointer(module.Object, objects.Types.FindField("module", table.Pointer)) is VirtualAddress start
                    && objects.Read(module.Object, objects.Types.FindField("module", table.Count)) is ulong count and > 0 and <= MostTableBytes)
                {
                    sites.AddRange(Entries(kernel, table, start, null, its, count));
                }
            }
        }

        sites.AddRange(Probes(objects));
        sites.AddRange(Traced(objects));
        return new(sites);
    }

    private static VirtualAddress? Symbol(LinuxKernel kernel, string name) =>
        kernel.Kallsyms?.Symbols is { } symbols && symbols.TryFind(name, out Kallsyms.Symbol symbol) ? symbol.Address : null;

    // Of the kernel's own tables the length is known, of modules' the number of entries.
    private static List<CodeSite> Entries(
        LinuxKernel kernel, SiteTable table, VirtualAddress start, ulong? length, CodeRanges ranges, ulong count = 0)
    {
        foreach (SiteForm form in table.Forms)
        {
            ulong bytes = length ?? (count * (ulong)form.Bytes);
            if (bytes == 0 || bytes > MostTableBytes || bytes % (ulong)form.Bytes != 0)
            {
                continue;
            }

            byte[] entries = new byte[bytes];
            if (kernel.Space.Read(start, entries) != entries.Length)
            {
                continue;
            }

            List<CodeSite> found = [];
            int inOrder = 0;
            for (int i = 0; i < entries.Length; i += form.Bytes)
            {
                CodeSite? site = form.Read(kernel, entries.AsSpan(i, form.Bytes), start + (ulong)i);
                if (site is not null && ranges.Contains(site.Address))
                {
                    inOrder += found.Count == 0 || site.Address.Value >= found[^1].Address.Value ? 1 : 0;
                    found.Add(site);
                }
            }

            if ((form.IsSorted ? inOrder : found.Count) * 10L >= entries.Length / form.Bytes * FewestOfTen)
            {
                return found;
            }
        }

        return [];
    }

    // kprobe_table: lists by a hash of the address.
    private static List<CodeSite> Probes(KernelObjects objects)
    {
        List<CodeSite> probes = [];
        if (objects.Variable("kprobe_table") is not VirtualAddress table || objects.Types.FindField("kprobe", "hlist") is not Field link
            || objects.Types.FindField("kprobe", "addr") is not Field address)
        {
            return probes;
        }

        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MostProbes);
        for (int bucket = 0; bucket < ProbeBuckets; bucket++)
        {
            VirtualAddress? at = objects.Pointer(table + ((ulong)bucket * sizeof(ulong)));
            for (; at is VirtualAddress node && allowance.TryUse(); at = objects.Pointer(node))
            {
                if (objects.Pointer(new VirtualAddress(node.Value - link.Offset), address) is VirtualAddress probed)
                {
                    probes.Add(new(probed, CodeSiteKind.Probe));
                }
            }
        }

        allowance.Finish();
        return probes;
    }

    private static List<CodeSite> Traced(KernelObjects objects)
    {
        const int MostPages = 1 << 16;
        List<CodeSite> traced = [];
        KernelTypes types = objects.Types;
        if (objects.Variable("ftrace_pages_start") is not VirtualAddress first || types.FindField("ftrace_page", "next") is not Field next
            || types.FindField("ftrace_page", "records") is not Field records || types.FindField("ftrace_page", "index") is not Field index
            || types.FindField("dyn_ftrace", "ip") is not Field ip || types.FindStruct("dyn_ftrace") is not { Bytes: > 0 } record)
        {
            return traced;
        }

        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MostPages);
        for (VirtualAddress? page = objects.Pointer(first); page is VirtualAddress at && allowance.TryUse(); page = objects.Pointer(at, next))
        {
            ulong bytes = (objects.Read(at, index) ?? 0) * record.Bytes;
            if (bytes is 0 or > MostTableBytes || objects.Pointer(at, records) is not VirtualAddress start)
            {
                continue;
            }

            byte[] its = new byte[bytes];
            int read = objects.Kernel.Space.Read(start, its);
            for (int i = 0; i + (int)record.Bytes <= read; i += (int)record.Bytes)
            {
                traced.Add(new(new(BinaryPrimitives.ReadUInt64LittleEndian(its.AsSpan(i + (int)ip.Offset))), CodeSiteKind.Tracer));
            }
        }

        allowance.Finish();
        return traced;
    }

    private int IndexOf(ulong address)
    {
        int low = 0, high = _sites.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_sites[middle].Address.Value < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
