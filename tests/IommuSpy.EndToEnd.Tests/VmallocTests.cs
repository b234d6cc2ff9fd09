using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// Vmalloc space, against the guest's /proc/vmallocinfo. The guest prints its addresses hashed (%p) with a key that stands in its memory (ptr_key), so ours are
/// hashed the same way.
/// </summary>
public partial class VmallocTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Areas_are_those_of_the_guests_vmallocinfo(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        PointerHash hash = PointerHash.Read(machine);
        VmallocList list = machine.Parts.Vmalloc.Required;
        Assert.Empty(list.Damage);

        // How many pages are of which NUMA node is not read.
        string[] oracle = [.. File.ReadLines(Guests.Capture(guest).GuestOracle("vmallocinfo")).Select(line => Plain(NodeCounts().Replace(line, "").TrimEnd()))];
        string[] ours = [.. list.Areas.Select(area => Plain(hash.Line(
            area.ToProcLine(VmallocReport.CallerOf(machine, area)?.ToKernelString(), area.PageArray is VirtualAddress pages && list.At(pages) is not null))))];

        // What is freed is purged whenever the kernel likes, and what ends (a process's stack) is freed: those may differ between the collector's look and the
        // stop.
        string[] lost = [.. oracle.Where(IsSettled).Except(ours, StringComparer.Ordinal)];
        string[] extra = [.. ours.Where(IsSettled).Except(oracle, StringComparer.Ordinal)];
        TestContext.Current.SendDiagnosticMessage($"{guest} {image}: {oracle.Length} lines, {ours.Length} of ours, {lost.Length} lost, {extra.Length} extra");
        Assert.True(lost.Length + extra.Length <= 2,
            string.Join('\n', lost.Select(line => "missing: " + line).Concat(extra.Select(line => "extra:   " + line))));
        Assert.Equal(list.Areas.Count, list.Areas.DistinctBy(area => area.Start).Count());
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_task_has_its_stack(string guest)
    {
        // Before 4.9, and where the kernel was built so, stacks are in the direct map.
        Assert.SkipUnless(File.ReadLines(Guests.Capture(guest).GuestOracle("config")).Contains("CONFIG_VMAP_STACK=y", StringComparer.Ordinal),
            "stacks of this kernel are not in vmalloc space");
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        VmallocReport[] stacks =
            [.. machine.Parts.Vmalloc.Required.Areas.Select(area => VmallocReport.Of(machine, area)).Where(report => report.StackOf is not null)];

        // Only the first task's stack is a part of the kernel's image.
        Assert.Equal(
            machine.Parts.Tasks.Required.AllThreads.Where(task => task.Pid != 0).Select(task => task.ToString()).Order(StringComparer.Ordinal),
            stacks.Select(stack => stack.StackOf!).Where(name => !name.EndsWith("[0]", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        VmallocReport one = stacks[0];
        ulong usable = one.Size - (one.GuardPage ? PageFrame.Size : 0UL);
        Explanation inside = Explanation.Of(machine, one.Start + (usable - 0x1e8));
        Assert.StartsWith($"task stack of {one.StackOf}, ", inside.Content, StringComparison.Ordinal);
        Assert.Contains("0x1e8 bytes below its top", inside.Content, StringComparison.Ordinal);
        if (one.GuardPage)
        {
            Assert.StartsWith("guard page behind task stack", Explanation.Of(machine, one.End).Content, StringComparison.Ordinal);
        }
    }

    // Old kernels print a physical address without leading zeros.
    private static string Plain(string line) => Physical().Replace(line, "phys=");

    [GeneratedRegex("phys=(0x)?0*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Physical();

    private static bool IsSettled(string line) => !line.EndsWith("unpurged vm_area", StringComparison.Ordinal);

    [GeneratedRegex(@"(?: N\d+=\d+)+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NodeCounts();
}
