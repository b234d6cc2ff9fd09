using IommuSpy.Linux.Code;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Code;

/// <summary>The function tracer's list of arrays of places (kernel/trace/ftrace.c).</summary>
public sealed class TracedPlacesTests : IDisposable
{
    private readonly ObjectMachine _machine = new("ftrace_pages_start");

    private static readonly TestTypes Types = new(
        TestTypes.Struct("ftrace_page", 32, ("next", 0, TestTypes.Pointer), ("records", 8, TestTypes.Pointer), ("index", 16, TestTypes.Half)),
        TestTypes.Struct("dyn_ftrace", 24, ("ip", 0, TestTypes.Word)));

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_list_in_a_circle_is_read_once()
    {
        VirtualAddress first = _machine.Take(32);
        VirtualAddress second = _machine.Take(32);
        VirtualAddress places = _machine.Take(3 * 24);
        for (int i = 0; i < 3; i++)
        {
            _machine.Word(places + ((ulong)i * 24), 0xffff_ffff_8100_0000 + (ulong)i);
        }

        Page(first, second, places, 3);
        Page(second, first, new(0xdead_0000_0000_0000), 700_000);
        _machine.Word(_machine.Symbol("ftrace_pages_start"), first.Value);

        KernelObjects objects = _machine.Objects(Types);
        CodeSites sites = new CodeSiteReader(objects.Kernel).Read(objects, modules: null);
        Assert.Equal([0xffff_ffff_8100_0000, 0xffff_ffff_8100_0001, 0xffff_ffff_8100_0002],
            sites.All.Where(site => site.Kind == CodeSiteKind.Tracer).Select(site => site.Address.Value));
        Assert.Contains("the function tracer's records at 0xdead000000000000 cannot be read whole: places in them are missing", sites.Damage);
        Assert.Contains($"the function tracer's list of records runs in a circle at {first}: places in them may be missing", sites.Damage);
        Assert.Equal(2, sites.Damage.Count(line => line.Contains("tracer", StringComparison.Ordinal)));
    }

    private void Page(VirtualAddress at, VirtualAddress next, VirtualAddress records, uint count)
    {
        _machine.Word(at, next.Value);
        _machine.Word(at + 8, records.Value);
        _machine.Half(at + 16, count);
    }
}
