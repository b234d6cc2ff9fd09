using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>
/// What the kernel's own tables say of places in its code and in that of its modules: which instructions it writes anew while it runs, where it complains,
/// where it goes on after a fault. The tables have had several forms; the one in which all entries are about code is taken. Immutable; safe to share.
/// </summary>
public sealed class CodeSites
{
    private readonly CodeSite[] _sites;

    internal CodeSites(IEnumerable<CodeSite> sites, IReadOnlyList<string> damage)
    {
        _sites = [.. sites.OrderBy(site => site.Address.Value)];
        Damage = damage;
    }

    /// <summary>All of them, by address.</summary>
    public IReadOnlyList<CodeSite> All => _sites;

    /// <summary>Which tables are there and could not be read, a line each: nothing is known of the places in them.</summary>
    public IReadOnlyList<string> Damage { get; }

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
    public static CodeSites Read(LinuxKernel kernel, KernelObjects? objects, ModuleList? modules) => new CodeSiteReader(kernel).Read(objects, modules);

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
