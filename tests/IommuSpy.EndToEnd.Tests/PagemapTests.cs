using System.Text;
using IommuSpy.Analysis;
using IommuSpy.Lab;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The guest's /proc/PID/pagemap is the kernel's own translation of every page of every process.</summary>
public class PagemapTests
{
    // Documentation/admin-guide/mm/pagemap.rst.
    private const ulong PresentBit = 1UL << 63;
    private const ulong SwapBit = 1UL << 62;
    private const ulong FrameMask = (1UL << 55) - 1;
    private const int SwapTypeBits = 5;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_page_of_every_process_translates_as_its_pagemap_says_through_exactly_one_root(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        PhysicalAddress[] roots = [.. RootTables.FindAll(machine.Kernel, machine.Parts.ProcessTables)
            .Where(root => root.Kind == RootKind.Process).Select(root => root.Address)];
        IReadOnlyList<GuestProcess> processes = Guests.Capture(guest).Processes;
        Assert.NotEmpty(processes);
        HashSet<PhysicalAddress> used = [];
        foreach (GuestProcess process in processes)
        {
            (ulong Address, ulong Entry)[] pagemap = [.. process.Pagemap()];
            Assert.Contains(pagemap, page => (page.Entry & PresentBit) != 0);

            // Which root is whose needs the kernel's objects; that all pages agree with one root and with no other says as much.
            (PhysicalAddress Root, string[] Differences)[] compared = [.. roots.Select(root => (root, Differences(machine, root, pagemap).ToArray()))];
            (PhysicalAddress best, string[] differences) = compared.MinBy(pair => pair.Differences.Length);
            Assert.True(differences.Length == 0,
                $"{process.Name}[{process.Pid}], {pagemap.Length} pages: {differences.Length} differ through root {best}, "
                    + $"first: {differences.FirstOrDefault()}");
            Assert.Single(compared, pair => pair.Differences.Length == 0);
            Assert.True(used.Add(best), $"{process.Name}[{process.Pid}] shares root {best} with another process");
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_workloads_pages_are_named_for_what_it_did_with_them(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Capture capture = Guests.Capture(guest);
        WorkloadMapping swapped = capture.Workload.First(mapping => mapping.Name == "swapped");
        WorkloadMapping protNone = capture.Workload.First(mapping => mapping.Name == "prot-none");
        AddressSpace space = machine.Space(RootOf(machine, capture, swapped.Pid));
        Assert.All(Pages(swapped), page => Assert.Equal(NonPresentKind.Swap, KindOf(machine, space, page)));
        Assert.All(Pages(protNone), page => Assert.Equal(NonPresentKind.ProtNone, KindOf(machine, space, page)));

        // The real-time flavour has no transparent huge pages.
        WorkloadMapping huge = capture.Workload.First(mapping => mapping.Name is "transparent-huge" or "hugetlb-2m");
        Assert.Equal(2UL << 20, space.Translate(new(huge.Start)).PageSize);
        WorkloadMapping readOnly = capture.Workload.First(mapping => mapping.Name == "read-only");
        Assert.Equal(AccessRights.Read | AccessRights.User, space.Translate(new(readOnly.Start)).Rights);
    }

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void The_workloads_pages_read_back_the_text_that_it_wrote_into_each(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        Capture capture = Guests.Capture(guest);
        byte[] text = new byte[64];
        foreach (WorkloadMapping mapping in capture.Workload.Where(mapping => mapping.Name is "anonymous" or "memfd-shared" or "hugetlb-2m"))
        {
            AddressSpace space = machine.Space(RootOf(machine, capture, mapping.Pid));
            int number = 0;
            int read = 0;
            foreach (ulong page in Pages(mapping))
            {
                string expected = $"IOMMU-SPY-LAB {mapping.Name} page {number++}\n";

                // A forked child maps shared memory and has touched none of it; which pages are there, the test against pagemap tells.
                if (!space.TryTranslate(new(page), out _))
                {
                    continue;
                }

                read++;
                Assert.Equal(text.Length, space.Read(new(page), text));
                Assert.StartsWith(expected, Encoding.ASCII.GetString(text), StringComparison.Ordinal);
            }

            Assert.True(read > 0 || mapping.Name == "memfd-shared", $"nothing of {mapping.Name} of process {mapping.Pid} is there");
        }
    }

    private static IEnumerable<ulong> Pages(WorkloadMapping mapping)
    {
        for (ulong address = mapping.Start; address < mapping.Start + mapping.Length; address += PageFrame.Size)
        {
            yield return address;
        }
    }

    private static NonPresentKind KindOf(Machine machine, AddressSpace space, ulong address) =>
        machine.Parts.UserEntries.ReadNonPresent(space.Translate(new(address)).Last!.Entry, 1).Kind;

    private static PhysicalAddress RootOf(Machine machine, Capture capture, int pid)
    {
        (ulong, ulong)[] pagemap = [.. capture.Processes.Single(process => process.Pid == pid).Pagemap()];
        return RootTables.FindAll(machine.Kernel).First(root => root.Kind == RootKind.Process && !Differences(machine, root.Address, pagemap).Any()).Address;
    }

    private static IEnumerable<string> Differences(Machine machine, PhysicalAddress root, (ulong Address, ulong Entry)[] pagemap)
    {
        AddressSpace space = machine.Space(root);
        foreach ((ulong address, ulong entry) in pagemap)
        {
            AddressTranslation translation = space.Translate(new(address));
            string ours = translation.Physical is PhysicalAddress physical ? $"pfn {physical.Frame}"
                : Words(machine.Parts.UserEntries.ReadNonPresent(translation.Last!.Entry, 1));
            string theirs = (entry & PresentBit) != 0 ? $"pfn {new PageFrame(entry & FrameMask)}"
                : (entry & SwapBit) != 0 ? Swap((int)(entry & ((1 << SwapTypeBits) - 1)), (entry & FrameMask) >> SwapTypeBits)
                : "none";
            if (ours != theirs)
            {
                yield return $"0x{address:x}: pagemap {theirs}, ours {ours}";
            }
        }
    }

    // pagemap calls a PROT_NONE page present: the kernel does, hardware does not.
    private static string Words(NonPresentEntry entry) => entry.Kind switch
    {
        NonPresentKind.Empty => "none",
        NonPresentKind.ProtNone => $"pfn {entry.Frame}",
        _ => Swap(entry.Type!.Value, entry.Offset!.Value),
    };

    private static string Swap(int type, ulong offset) => $"swap type {type} offset 0x{offset:x}";
}
